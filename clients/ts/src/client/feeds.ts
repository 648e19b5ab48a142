/** Opens and closes rooms and keeps their copies whole. */

import {
  type Command,
  type Cursor,
  RESUME_CURSORS,
  type Reply,
  type Resumed,
  type RoomId,
} from "../protocol.ts";
import type { Store } from "../store/store.ts";
import { sleep, type Timers } from "../timers.ts";

/** Entries asked for with a room that is opened, and with each page of history. */
const PAGE = 50;
/** How long to wait before a room is asked for again that could not be read. */
const LATER_MS = 1_000;

/** What feeds need. */
export interface FeedOptions {
  readonly store: Store;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  request(command: Command): Promise<Reply>;
}

/** The rooms that the person looks at. */
export class Feeds {
  readonly #options: FeedOptions;
  /** What the owner of the client wants open. */
  readonly #wanted = new Set<RoomId>();
  /** What is open on this session. */
  readonly #open = new Set<RoomId>();
  readonly #reconciling = new Map<RoomId, Promise<void>>();
  readonly #resuming = new Set<RoomId>();

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Where the client is in each room that it holds: for hello. What does not fit is dropped. */
  cursors(): Cursor[] {
    const held = this.#options.store.all().filter((view) => view.held);
    held.sort((a, b) => Number(this.#wanted.has(b.id)) - Number(this.#wanted.has(a.id)));
    for (const view of held.splice(RESUME_CURSORS)) this.#drop(view.id);
    return held.map((view) => ({
      room: view.id,
      position: view.last,
      open: this.#wanted.has(view.id),
    }));
  }

  /** A new session was welcomed, with what became of the cursors. */
  welcomed(resumed: readonly Resumed[]): void {
    this.#open.clear();
    const again = resumed
      .filter((each) => this.#options.store.resumed(each))
      .map((each) => each.room);
    // Opened again for what is no entry: markers, presence, attendance.
    const reopen = () => {
      for (const room of this.#wanted) void this.#reconcile(room).catch(ignore);
    };
    void Promise.all(again.map((room) => this.resume(room))).then(reopen, ignore);
  }

  /** Opens a room: its feed begins. Resolves when it is loaded. */
  open(room: RoomId): Promise<void> {
    this.#wanted.add(room);
    return this.#reconcile(room);
  }

  /** Closes a room: its feed ends. */
  close(room: RoomId): Promise<void> {
    this.#wanted.delete(room);
    return this.#reconcile(room);
  }

  /** A room is no longer this person's: its feed has ended. */
  gone(room: RoomId): void {
    this.#wanted.delete(room);
    this.#open.delete(room);
  }

  /** Asks for what is missing at the end of a room's copy. */
  async resume(room: RoomId): Promise<void> {
    if (this.#resuming.has(room)) return;
    this.#resuming.add(room);
    try {
      while (await this.#resumeOnce(room));
    } catch {
      // The client ended; or the room is refused, and the next event says so.
    } finally {
      this.#resuming.delete(room);
    }
  }

  async #resumeOnce(room: RoomId): Promise<boolean> {
    const { store, request, timers, signal } = this.#options;
    const view = store.get(room);
    if (!view?.held) return false;
    const cursor = { room, position: view.last, open: this.#wanted.has(room) };
    const reply = await request({ type: "resume", value: { cursors: [cursor] } });
    const resumed = reply.type === "resumed" ? reply.value.rooms[0] : undefined;
    if (!resumed) return false;
    const again = store.resumed(resumed);
    if (resumed.standing === "later") await sleep(timers, LATER_MS, signal);
    if (resumed.standing === "reset" && this.#open.delete(room)) await this.#reconcile(room);
    return again;
  }

  #reconcile(room: RoomId): Promise<void> {
    let running = this.#reconciling.get(room);
    if (!running) {
      running = this.#reconcileLoop(room).finally(() => this.#reconciling.delete(room));
      this.#reconciling.set(room, running);
    }
    return running;
  }

  async #reconcileLoop(room: RoomId): Promise<void> {
    const { store, request } = this.#options;
    while (this.#wanted.has(room) !== this.#open.has(room)) {
      if (!this.#wanted.has(room)) {
        this.#open.delete(room);
        store.closed(room);
        await request({ type: "close", value: { room } });
        continue;
      }
      try {
        const limit = store.get(room)?.held ? 1 : PAGE;
        const reply = await request({ type: "open", value: { room, limit } });
        if (reply.type !== "opened") throw new Error(`open was answered by ${reply.type}`);
        this.#open.add(room);
        store.opened(reply.value);
      } catch (error) {
        this.#wanted.delete(room);
        throw error;
      }
    }
  }

  /** Drops a room's copy: it is loaded again when it is opened. */
  #drop(room: RoomId): void {
    this.#options.store.change(room, (view) => ({
      ...view,
      entries: [],
      last: 0,
      held: false,
      moreBefore: false,
    }));
  }
}

function ignore(): void {}
