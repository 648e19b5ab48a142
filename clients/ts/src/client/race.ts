/** Races the routes: the preferred one gets a head start, the first welcome wins. */

import { CommandError } from "../errors.ts";
import type { Hello } from "../generated/protocol.ts";
import { CLOSE_CODES } from "../generated/protocol.ts";
import type { Route } from "../link/discover.ts";
import { sleep, type Timers } from "../timers.ts";
import { type Greeted, openSession } from "./session.ts";

/** The head start of a route before the next one, if the route does not say another. */
export const HEAD_START_MS = 500;
/** How long one attempt over all routes may take. */
export const ATTEMPT_MS = 10_000;

/** What a race needs. */
export interface RaceOptions {
  readonly routes: readonly Route[];
  readonly hello: Hello;
  readonly timers: Timers;
  readonly localTime: () => number;
}

/** The first session that was welcomed; the others are closed. Rejects when no route leads there. */
export async function race(options: RaceOptions, signal: AbortSignal): Promise<Greeted> {
  const { routes, hello, timers, localTime } = options;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const cancelLimit = timers.after(ATTEMPT_MS, () => over.abort(new Error("no answer in time")));
  // Each route waits for its turn; a route that fails passes its turn on at once.
  let turn = Promise.resolve();
  const runs = routes.map((route) => {
    const myTurn = turn;
    const headStartMs = route.headStartMs ?? HEAD_START_MS;
    const attempt = myTurn.then(() => openSession(route.dial, hello, timers, localTime, stop));
    const failed = new Promise<void>((resolve) => attempt.catch(() => resolve()));
    turn = myTurn.then(() => Promise.race([sleep(timers, headStartMs, stop), failed]));
    turn.catch(() => {});
    return attempt;
  });
  try {
    if (runs.length === 0) throw new Error("the server offers no transport for this browser");
    const winner = await Promise.any(runs);
    closeOthers(runs, winner);
    return winner;
  } catch (error) {
    throw worst(error);
  } finally {
    cancelLimit();
    over.abort(new Error("another route won"));
  }
}

/** Closes every other session that is welcomed too. */
function closeOthers(runs: readonly Promise<Greeted>[], winner: Greeted): void {
  for (const run of runs) {
    run.then(
      ({ session }) => {
        if (session === winner.session) return;
        session.close({ code: CLOSE_CODES.normal, reason: "another link won" });
      },
      () => {},
    );
  }
}

/** Of several errors, the one that the server itself sent says the most. */
function worst(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error;
  const errors: unknown[] = error.errors;
  return errors.find((each) => each instanceof CommandError) ?? errors[0] ?? error;
}
