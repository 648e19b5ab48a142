/** Typing: sends this person's at a limited rate, and lets that of others expire. */

import type { ClientSignal, RoomId, TypingBy, UserId } from "../protocol.ts";
import type { Timers } from "../timers.ts";

/** What typing needs. */
export interface TypingOptions {
  readonly timers: Timers;
  /** Sends a signal that may be lost. */
  send(signal: ClientSignal): void;
  /** Who types in a room changed. */
  changed(room: RoomId, users: readonly UserId[]): void;
}

interface Typist {
  counter: number;
  active: boolean;
  cancel: () => void;
}

/** Typing in all rooms. */
export class TypingState {
  readonly #options: TypingOptions;
  readonly #typists = new Map<RoomId, Map<UserId, Typist>>();
  /** When this person's typing was last said, by room. */
  readonly #said = new Map<RoomId, number>();
  #counter = 0;
  /** How often typing is said again, in milliseconds. */
  refreshMs = 3_000;
  /** For how long it holds, in milliseconds. */
  expiryMs = 5_000;

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  /** This person typed a key, or stopped. */
  say(room: RoomId, active: boolean): void {
    const now = this.#options.timers.monotonic();
    const said = this.#said.get(room);
    if (active ? said !== undefined && now - said < this.refreshMs : said === undefined) return;
    if (active) this.#said.set(room, now);
    else this.#said.delete(room);
    this.#counter += 1;
    this.#options.send({ type: "typing", value: { room, counter: this.#counter, active } });
  }

  /** Somebody types or stopped; what arrives late is dropped. */
  heard({ room, user, counter, active }: TypingBy): void {
    const typists = this.#typists.get(room) ?? new Map<UserId, Typist>();
    this.#typists.set(room, typists);
    const before = typists.get(user);
    if (before && counter <= before.counter) return;
    before?.cancel();
    const cancel = active
      ? this.#options.timers.after(this.expiryMs, () => this.stopped(room, user))
      : () => {};
    typists.set(user, { counter, active, cancel });
    if ((before?.active ?? false) !== active) this.#tell(room);
  }

  /** Somebody stopped typing: they sent what they wrote, or said nothing for too long. */
  stopped(room: RoomId, user: UserId): void {
    const typist = this.#typists.get(room)?.get(user);
    if (!typist?.active) return;
    typist.cancel();
    typist.active = false;
    this.#tell(room);
  }

  /** Forgets everyone: counters begin anew with a session. */
  clear(): void {
    for (const [room, typists] of this.#typists) {
      for (const typist of typists.values()) typist.cancel();
      this.#options.changed(room, []);
    }
    this.#typists.clear();
    this.#said.clear();
  }

  #tell(room: RoomId): void {
    const typists = this.#typists.get(room) ?? new Map<UserId, Typist>();
    this.#options.changed(
      room,
      [...typists].filter(([, each]) => each.active).map(([user]) => user),
    );
  }
}
