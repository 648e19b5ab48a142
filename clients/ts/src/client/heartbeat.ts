/** Notices a silent server: pings, and gives up when a pong is overdue. */

import type { Timers } from "../timers.ts";

/** The shortest time that a pong may take. With a ping every 2 s a dead server is noticed within 3 s. */
export const PONG_MIN_MS = 900;
/** The longest, however slow the path is. */
export const PONG_MAX_MS = 10_000;

/** How long a pong may take on a path, from its measured round trips (RFC 6298, without its clock granularity). */
export class PongLimit {
  #smoothed: number;
  #deviation: number;

  /** Begins with a first round trip in milliseconds. */
  constructor(roundTripMs: number) {
    this.#smoothed = roundTripMs;
    this.#deviation = roundTripMs / 2;
  }

  /** Learns from a further round trip in milliseconds. */
  measured(roundTripMs: number): void {
    this.#deviation += (Math.abs(this.#smoothed - roundTripMs) - this.#deviation) / 4;
    this.#smoothed += (roundTripMs - this.#smoothed) / 8;
  }

  /** The limit in milliseconds. */
  get milliseconds(): number {
    const limit = this.#smoothed + 4 * this.#deviation;
    return Math.min(PONG_MAX_MS, Math.max(PONG_MIN_MS, limit));
  }
}

/** What a heartbeat needs. */
export interface HeartbeatOptions {
  /** Milliseconds between pings while the person is there. */
  readonly activeMs: number;
  /** Milliseconds between pings while the page is not in use. */
  readonly idleMs: number;
  /** Whether the person is there. */
  readonly active: boolean;
  /** How long hello and its answer took, in milliseconds: the first measure of the path. */
  readonly helloMs: number;
  /** Sends a ping. */
  ping(): void;
  /** A round trip in milliseconds. */
  measured(milliseconds: number): void;
  /** The server does not answer. Called once. */
  dead(): void;
}

/** The heartbeat of one session. */
export class Heartbeat {
  readonly #timers: Timers;
  readonly #options: HeartbeatOptions;
  readonly #limit: PongLimit;
  #active: boolean;
  #pingedAt: number | undefined;
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(timers: Timers, options: HeartbeatOptions) {
    this.#timers = timers;
    this.#options = options;
    this.#limit = new PongLimit(options.helloMs);
    this.#active = options.active;
    this.#ping();
  }

  /** Changes the pace; asks at once when the person comes back. */
  setActive(active: boolean): void {
    if (active === this.#active || this.#stopped) return;
    this.#active = active;
    if (active && this.#pingedAt === undefined) this.#ping();
  }

  /** Anything from the server counts as a sign of life. */
  alive(): void {
    if (this.#pingedAt !== undefined) this.#wait();
  }

  /** The answer came. */
  pong(): void {
    if (this.#pingedAt === undefined) return;
    const roundTripMs = this.#timers.monotonic() - this.#pingedAt;
    this.#limit.measured(roundTripMs);
    this.#options.measured(roundTripMs);
    this.#pingedAt = undefined;
    this.#rest();
  }

  /** Ends it. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #ping(): void {
    if (this.#stopped) return;
    this.#pingedAt = this.#timers.monotonic();
    this.#options.ping();
    this.#wait();
  }

  #wait(): void {
    this.#cancel();
    if (this.#stopped) return;
    this.#cancel = this.#timers.after(this.#limit.milliseconds, () => {
      this.stop();
      this.#options.dead();
    });
  }

  #rest(): void {
    this.#cancel();
    if (this.#stopped) return;
    const pause = this.#active ? this.#options.activeMs : this.#options.idleMs;
    this.#cancel = this.#timers.after(pause, () => this.#ping());
  }
}
