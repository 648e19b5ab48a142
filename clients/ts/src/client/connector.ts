/** Keeps a session open: dials, says hello, waits after a loss, dials again. */

import { type BackoffOptions, backoffDelay, DEFAULT_BACKOFF } from "../backoff.ts";
import { CommandError, EndedError, LinkLostError } from "../errors.ts";
import type { Route } from "../link/discover.ts";
import type { Farewell } from "../link/link.ts";
import { CLOSE_CODES, type Hello, RECONNECTING_CLOSE_CODES } from "../protocol.ts";
import { Cell } from "../store/readable.ts";
import type { ConnectionView } from "../store/views.ts";
import type { Timers } from "../timers.ts";
import { type Settle, waiting } from "../waiting.ts";
import type { TokenReason } from "./options.ts";
import { race } from "./race.ts";
import type { Greeted, Session } from "./session.ts";

/** A session that lasted this long resets the backoff. */
const STEADY_MS = 5_000;

/** What a connector needs. */
export interface ConnectorOptions {
  readonly timers: Timers;
  readonly localTime: () => number;
  readonly backoff: Partial<BackoffOptions>;
  readonly signal: AbortSignal;
  routes(signal: AbortSignal): Promise<readonly Route[]>;
  getToken(reason: TokenReason, signal: AbortSignal): Promise<string | null>;
  /** The hello of the next session. */
  hello(token: string): Hello;
  /** A session was welcomed; it has to be started before this returns. */
  welcomed(greeted: Greeted): void;
}

/** The one session of a client, opened again whenever it is lost. */
export class Connector {
  readonly view = new Cell<ConnectionView>({
    phase: "connecting",
    transport: null,
    roundTripMs: null,
    retryAt: null,
    reason: null,
  });
  readonly #options: ConnectorOptions;
  readonly #backoff: BackoffOptions;
  readonly #waiters = new Set<Settle<Session>>();
  #session: Session | undefined;
  #token: string | undefined;
  #tokenReason: TokenReason = "connect";
  #advisedMs = 0;
  #wake: (() => void) | undefined;
  #ended: unknown;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#backoff = { ...DEFAULT_BACKOFF, ...options.backoff };
    options.signal.addEventListener("abort", () => this.#end(options.signal.reason), {
      once: true,
    });
  }

  /** The session that is open now, if any. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** The session that is open or the next one that will be; rejects when there will be none. */
  online(signal?: AbortSignal): Promise<Session> {
    if (this.#session) return Promise.resolve(this.#session);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return waiting(signal, (waiter) => {
      this.#waiters.add(waiter);
      return () => this.#waiters.delete(waiter);
    });
  }

  /** Connects and goes on until the signal aborts or the server refuses for good. */
  async run(): Promise<void> {
    let failures = 0;
    while (this.#ended === undefined) {
      const started = this.#options.timers.monotonic();
      let advised = 0;
      try {
        const farewell = await this.#once();
        if (this.#ended !== undefined) return;
        if (this.#options.timers.monotonic() - started > STEADY_MS) failures = 0;
        advised = this.#lost(farewell);
      } catch (error) {
        if (this.#ended !== undefined) return;
        advised = this.#refused(error);
      }
      if (this.#ended !== undefined) return;
      await this.#wait(backoffDelay(failures, advised, this.#backoff), advised > 0);
      failures += 1;
    }
  }

  /** The server is shutting down: reconnect after this delay. */
  advise(milliseconds: number): void {
    this.#advisedMs = milliseconds;
  }

  /** The token ends soon: the next session takes a new one. */
  replaceToken(token: string): void {
    this.#token = token;
  }

  /** Tries at once instead of waiting: the network or the person came back. */
  wake(): void {
    this.#wake?.();
  }

  /** A round trip was measured. */
  measured(milliseconds: number): void {
    this.view.update((view) => ({ ...view, roundTripMs: milliseconds }));
  }

  /** Opens one session and waits for its end. */
  async #once(): Promise<Farewell> {
    const { signal, timers, localTime } = this.#options;
    this.view.update((view) =>
      view.phase === "connecting" ? view : { ...view, phase: "reconnecting", retryAt: null },
    );
    this.#token ??= (await this.#options.getToken(this.#tokenReason, signal)) ?? undefined;
    const token = this.#token;
    if (token === undefined) throw new EndedError("there is no token");
    const routes = await this.#options.routes(signal);
    const greeted = await race(
      { routes, hello: this.#options.hello(token), timers, localTime },
      signal,
    );
    const { session } = greeted;
    this.#tokenReason = "connect";
    this.#advisedMs = 0;
    this.#session = session;
    this.#options.welcomed(greeted);
    this.view.set({
      phase: "online",
      transport: session.transport,
      roundTripMs: null,
      retryAt: null,
      reason: null,
    });
    for (const waiter of this.#take()) waiter.resolve(session);
    return new Promise((resolve) => session.onEnd(resolve));
  }

  /** A session ended: gives the delay that the server asked for. */
  #lost(farewell: Farewell): number {
    this.#session = undefined;
    this.view.update((view) => ({ ...view, reason: { code: null, sentence: farewell.reason } }));
    if (farewell.code === CLOSE_CODES.tokenExpired) this.#token = undefined;
    // An unknown code comes from a newer server, which may accept the next connection.
    const known = Object.values<number>(CLOSE_CODES).includes(farewell.code);
    if (known && !RECONNECTING_CLOSE_CODES.has(farewell.code))
      this.#end(new LinkLostError(farewell));
    return this.#advisedMs;
  }

  /** No session could be opened: gives the delay that the server asked for. */
  #refused(error: unknown): number {
    const code = error instanceof CommandError ? error.code : null;
    const sentence = error instanceof Error ? error.message : String(error);
    // Why the old token was refused says more than that there is no new one.
    const known = error instanceof EndedError && this.view.getSnapshot().reason;
    if (!known) this.view.update((view) => ({ ...view, reason: { code, sentence } }));
    const farewell = error instanceof LinkLostError ? error.farewell.code : null;
    const badToken =
      code === "token_expired" ||
      code === "token_invalid" ||
      farewell === CLOSE_CODES.unauthenticated;
    if (badToken && this.#tokenReason !== "refused" && this.#token !== undefined) {
      this.#token = undefined;
      this.#tokenReason = "refused";
      return 0;
    }
    const retry = error instanceof CommandError ? error.retryAfterMs : 0;
    if (retry === null || badToken || error instanceof EndedError) this.#end(error);
    return retry ?? 0;
  }

  #wait(milliseconds: number, advised: boolean): Promise<void> {
    const { timers, localTime } = this.#options;
    this.view.update((view) => ({
      ...view,
      phase: "waiting",
      retryAt: localTime() + milliseconds,
    }));
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      const cancel = timers.after(milliseconds, done);
      this.#wake = advised && this.#ended === undefined ? undefined : done;
    });
  }

  #take() {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    return waiters;
  }

  #end(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = error ?? new EndedError("the client ended");
    this.#session?.close({ code: CLOSE_CODES.normal, reason: "" });
    this.#session = undefined;
    // The owner that ended the client knows why.
    const given = this.#options.signal.aborted ? { reason: null } : {};
    this.view.update((view) => ({
      ...view,
      ...given,
      phase: "ended",
      transport: null,
      retryAt: null,
    }));
    for (const waiter of this.#take()) waiter.reject(this.#ended);
    this.#wake?.();
  }
}
