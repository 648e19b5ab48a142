/** How long to wait before the next attempt: with full jitter, so that clients cut off together do not return together. */
export interface BackoffOptions {
  /** The bound of the first wait in milliseconds. */
  readonly baseMs: number;
  /** The bound of every later wait in milliseconds. */
  readonly maximumMs: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** The defaults: quick first, never more than 15 s. */
export const DEFAULT_BACKOFF: BackoffOptions = {
  baseMs: 300,
  maximumMs: 15_000,
  random: Math.random,
};

/**
 * The wait before attempt number `attempt` (0 is the first) in milliseconds, uniform between 0 and a
 * bound that doubles. A delay that the server asked for is added.
 */
export function backoffDelay(attempt: number, advisedMs: number, options: BackoffOptions): number {
  const bound = Math.min(options.maximumMs, options.baseMs * 2 ** Math.min(attempt, 20));
  return advisedMs + options.random() * bound;
}
