/** Notices a silent server: pings, and gives up when a pong is overdue. */

import type { Timers } from "../timers.ts";

/** How long a pong may take. With a ping every 2 s a dead server is noticed within 3 s. */
const PONG_MS = 900;

/** What a heartbeat needs. */
export interface HeartbeatOptions {
  /** Milliseconds between pings while the person is there. */
  readonly activeMs: number;
  /** Milliseconds between pings while nobody looks. */
  readonly idleMs: number;
  /** Whether the person is there. */
  readonly active: boolean;
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
  #active: boolean;
  #pingedAt: number | undefined;
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(timers: Timers, options: HeartbeatOptions) {
    this.#timers = timers;
    this.#options = options;
    this.#active = options.active;
    this.#ping();
  }

  /** Changes the pace; asks at once when the person comes back. */
  setActive(active: boolean): void {
    if (active === this.#active || this.#stopped) return;
    this.#active = active;
    if (active && this.#pingedAt === undefined) this.#ping();
  }

  /** Whatever came from the server counts as a sign of life. */
  alive(): void {
    if (this.#pingedAt !== undefined) this.#wait();
  }

  /** The answer came. */
  pong(): void {
    if (this.#pingedAt === undefined) return;
    this.#options.measured(this.#timers.monotonic() - this.#pingedAt);
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
    this.#cancel = this.#timers.after(PONG_MS, () => {
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
