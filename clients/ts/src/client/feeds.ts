/** Opens and closes rooms and keeps their copies complete. */

import { CommandError } from "../errors.ts";
import {
  type Command,
  type Cursor,
  type EntryPage,
  type ErrorCode,
  type Opened,
  PAGE_ENTRIES,
  RESUME_CURSORS,
  type Reply,
  type Resumed,
  type RoomId,
  type Standing,
} from "../protocol.ts";
import { JOINED_ENTRIES } from "../store/log.ts";
import type { Store } from "../store/store.ts";
import { sleep, type Timers } from "../timers.ts";

/** Entries asked for with a room that is opened. */
const PAGE = 50;
/** The wait before a room is asked for again that gave nothing new; it doubles. */
const RETRY_MS = 100;
/** The longest such wait. */
const RETRY_MAX_MS = 15_000;
/** How often a resume may answer nothing new before the client waits for the next event instead. */
const FRUITLESS_RESUMES = 10;
/** How often the client guesses where the first unread message is. */
const GUESSES = 8;

/** Why a room is not opened again: it is no longer this person's. */
const LOST: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["not_found", "forbidden"]);

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
  readonly #reopening = new Set<RoomId>();
  /** Rooms that the server could not read: they are resumed again in any case. */
  readonly #later = new Set<RoomId>();

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Where the client is in each room that it holds: for hello. Rooms over the limit are dropped. */
  cursors(): Cursor[] {
    const { store } = this.#options;
    const held = store.all().filter((view) => view.held);
    held.sort((a, b) => Number(this.#wanted.has(b.id)) - Number(this.#wanted.has(a.id)));
    for (const view of held.splice(RESUME_CURSORS)) store.drop(view.id);
    return held.map(({ id }) => this.#cursor(id));
  }

  /** A new session was welcomed, with the results of the cursors. */
  welcomed(resumed: readonly Resumed[]): void {
    const { store } = this.#options;
    this.#open.clear();
    for (const each of resumed) {
      store.resumed(each);
      if (each.standing === "later") this.#later.add(each.room);
      void this.resume(each.room);
    }
    // Opened again for markers, presence and attendance, which no resume brings.
    for (const room of this.#wanted) void this.#reopen(room).catch(ignore);
  }

  /** Opens a room: its feed begins. Resolves when it is loaded. */
  async open(room: RoomId): Promise<void> {
    this.#wanted.add(room);
    try {
      await this.#reconcile(room);
    } catch (error) {
      this.#wanted.delete(room);
      throw error;
    }
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

  /**
   * Asks for what is missing at the end of a room's copy until the copy has it.
   * Entries, heads and answers travel on different lanes and may overtake each other, so what counts
   * is the highest position that any of them named.
   */
  async resume(room: RoomId): Promise<void> {
    const { store, timers, signal } = this.#options;
    if (this.#resuming.has(room)) return;
    this.#resuming.add(room);
    try {
      let fruitless = 0;
      while (this.#later.has(room) || store.missing(room) > 0) {
        const before = store.position(room);
        const standing = await this.#resumeOnce(room);
        if (standing === null) return;
        if (store.position(room) > before) fruitless = 0;
        else {
          fruitless += 1;
          if (fruitless > FRUITLESS_RESUMES && standing !== "later") return;
          await sleep(timers, waitBefore(fruitless - 1), signal);
        }
      }
    } catch {
      // The client ended, or the room is refused: the next event of the room asks again.
    } finally {
      this.#resuming.delete(room);
    }
  }

  async #resumeOnce(room: RoomId): Promise<Standing | null> {
    const { store, request } = this.#options;
    this.#later.delete(room);
    if (!store.get(room)?.held) return null;
    const reply = await request({ type: "resume", value: { cursors: [this.#cursor(room)] } });
    const resumed = reply.type === "resumed" ? reply.value.rooms[0] : undefined;
    if (!resumed) return null;
    store.resumed(resumed);
    if (resumed.standing === "later") this.#later.add(room);
    if (resumed.standing === "reset" && this.#open.delete(room)) await this.#reconcile(room);
    return resumed.standing;
  }

  #cursor(room: RoomId): Cursor {
    const position = this.#options.store.cursor(room);
    return { room, position, open: this.#wanted.has(room) };
  }

  /** Opens a room again on a new session, however often that takes: its owner believes that it is open. */
  async #reopen(room: RoomId): Promise<void> {
    if (this.#reopening.has(room)) return;
    this.#reopening.add(room);
    try {
      for (let tries = 0; this.#wanted.has(room) && !this.#open.has(room); tries += 1) {
        try {
          await this.#reconcile(room);
        } catch (error) {
          if (!(error instanceof CommandError)) throw error;
          if (LOST.has(error.code)) this.#wanted.delete(room);
          await sleep(this.#options.timers, waitBefore(tries), this.#options.signal);
        }
      }
    } finally {
      this.#reopening.delete(room);
    }
  }

  #reconcile(room: RoomId): Promise<void> {
    let running = this.#reconciling.get(room);
    if (!running) {
      if (this.#wanted.has(room) === this.#open.has(room)) return Promise.resolve();
      running = this.#reconcileLoop(room);
      this.#reconciling.set(room, running);
    }
    return running;
  }

  async #reconcileLoop(room: RoomId): Promise<void> {
    try {
      while (this.#wanted.has(room) !== this.#open.has(room)) {
        if (this.#wanted.has(room)) await this.#openOnce(room);
        else await this.#closeOnce(room);
      }
    } finally {
      // Together with the last check: what is wanted after it starts a new loop.
      this.#reconciling.delete(room);
    }
  }

  async #openOnce(room: RoomId): Promise<void> {
    const { store, request } = this.#options;
    if (store.missing(room) > JOINED_ENTRIES) store.drop(room);
    const held = store.get(room)?.held ?? false;
    const reply = await request({ type: "open", value: { room, limit: held ? 1 : PAGE } });
    if (reply.type !== "opened") throw new Error(`open was answered by ${reply.type}`);
    this.#open.add(room);
    store.opened(reply.value, held ? null : await this.#firstUnread(reply.value));
  }

  async #closeOnce(room: RoomId): Promise<void> {
    this.#open.delete(room);
    this.#options.store.closed(room);
    await this.#options.request({ type: "close", value: { room } });
  }

  /**
   * The page around the first unread message, or null where the last page has it. Positions count
   * all entries and numbers only messages, so a guess from below the end is never too low.
   */
  async #firstUnread({ room, page }: Opened): Promise<EntryPage | null> {
    const wanted = room.read + 1;
    let found = page;
    // The number of the first message in the page, or of the next one after it.
    let number = room.number + 1;
    for (let guess = 0; room.unread > 0 && guess < GUESSES; guess += 1) {
      const [first] = found.entries;
      const message = found.entries.find(({ kind }) => kind.type === "message");
      if (message?.kind.type === "message") number = message.kind.value.number;
      if (!first || !found.moreBefore || number <= wanted) break;
      const position = Math.max(1, first.position - (number - wanted));
      const anchor = { type: "around", value: position } as const;
      const reply = await this.#options.request({
        type: "history",
        value: { room: room.room, anchor, limit: PAGE_ENTRIES },
      });
      if (reply.type !== "page" || reply.value.entries.length === 0) break;
      found = reply.value;
    }
    return found === page ? null : found;
  }
}

/** The wait before the next try, in milliseconds. */
function waitBefore(tries: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** Math.min(tries, 20));
}

function ignore(): void {}
