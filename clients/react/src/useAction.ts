import { useCallback, useInsertionEffect, useMemo, useRef, useState } from "react";

/** How an action runs. */
export interface ActionOptions {
  /** Whether a run may begin while another is under way. Without it such a run does nothing. */
  readonly parallel?: boolean;
}

/** Something that the person does, and its state. */
export interface Action<Args extends readonly unknown[]> {
  /** Whether it is under way. */
  readonly busy: boolean;
  /** Why it failed the last time; null if it did not. */
  readonly error: unknown;
  /** Does it; true if it was done. It never throws: what goes wrong is in `error`. */
  readonly run: (...args: Args) => Promise<boolean>;
}

/**
 * Runs a command, one at a time, so that a second click does nothing, and keeps why it failed. What has to be done
 * with the answer is a part of `act`.
 */
export function useAction<Args extends readonly unknown[]>(
  act: (...args: Args) => Promise<unknown>,
  { parallel = false }: ActionOptions = {},
): Action<Args> {
  const [{ busy, error }, setState] = useState<{ busy: boolean; error: unknown }>(IDLE);
  const running = useRef(0);
  const latest = useRef({ act, parallel });
  useInsertionEffect(() => {
    latest.current = { act, parallel };
  });
  const run = useCallback(async (...args: Args) => {
    const { act, parallel } = latest.current;
    if (running.current > 0 && !parallel) return false;
    running.current += 1;
    setState({ busy: true, error: null });
    let failed: { error: unknown } | null = null;
    try {
      await act(...args);
    } catch (error) {
      failed = { error };
    }
    running.current -= 1;
    setState({ busy: running.current > 0, error: failed?.error ?? null });
    return failed === null;
  }, []);
  return useMemo(() => ({ busy, error, run }), [busy, error, run]);
}

const IDLE = { busy: false, error: null };
