/** What this person has written and not sent, in rooms and in threads, on all of their devices. */

import type { ServerClock } from "../clock.ts";
import {
  type Command,
  DRAFT_BYTES,
  DRAFTS,
  type Draft,
  type Entry,
  type Reply,
  ROOM_THREAD_DRAFTS,
  type RoomId,
  THREAD_DRAFTS,
  type ThreadDraft,
} from "../protocol.ts";
import { Cell, type Readable } from "../store/readable.ts";
import type { Timers } from "../timers.ts";
import { type ThreadKey, threadKey } from "./threads.ts";

/** How long nobody types before the server is told. */
const PAUSE_MS = 1_000;

type Request = (command: Command) => Promise<Reply>;

/** Drafts by room; an empty text says that there is none any more. */
export type DraftsView = ReadonlyMap<RoomId, Draft>;

/** Drafts by thread; an empty text says that there is none any more. */
export type ThreadDraftsView = ReadonlyMap<ThreadKey, ThreadDraft>;

/** The drafts of a client. */
export class Drafts {
  readonly #request: Request;
  readonly #rooms: Kept<RoomId, Draft>;
  readonly #threads: Kept<ThreadKey, ThreadDraft>;
  #wanted = false;

  constructor(clock: ServerClock, timers: Timers, request: Request) {
    this.#request = request;
    this.#rooms = new Kept<RoomId, Draft>(clock, timers, (value) =>
      request({ type: "set_draft", value }),
    );
    this.#threads = new Kept<ThreadKey, ThreadDraft>(clock, timers, (value) =>
      request({ type: "set_thread_draft", value }),
    );
  }

  /** The drafts of rooms that are known. */
  get all(): Readable<DraftsView> {
    return this.#rooms.view;
  }

  /** The drafts in threads that are known. */
  get inThreads(): Readable<ThreadDraftsView> {
    return this.#threads.view;
  }

  /** Asks for them; from then on they are kept up to date, over reconnects too. */
  async load(): Promise<void> {
    this.#wanted = true;
    await Promise.all([this.#loadRooms(), this.#loadThreads()]);
  }

  /** A session began: what happened before it is not told. */
  welcomed(): void {
    if (this.#wanted) void this.load().catch(ignore);
  }

  /** The draft of a room came; the later one counts. */
  heard(draft: Draft): void {
    this.#rooms.heard(draft.room, draft);
  }

  /** The draft of a thread came; the later one counts. */
  heardInThread(draft: ThreadDraft): void {
    this.#threads.heard(threadKey(draft.room, draft.root), draft);
  }

  /** A message was deleted for everyone: nobody can write in its thread. */
  deleted(room: RoomId, { kind }: Entry): void {
    if (kind.type === "deleted") this.#threads.forget(threadKey(room, kind.value.message));
  }

  /** Something was written in a room, or with an empty text sent or given up. Gives its time. */
  write(room: RoomId, text: string): number {
    return this.#rooms.write(room, text, (time) => ({ room, text, time }));
  }

  /** The same in the thread of a message. */
  writeInThread(room: RoomId, root: number, text: string): number {
    const draft = (time: number) => ({ room, root, text, time });
    return this.#threads.write(threadKey(room, root), text, draft);
  }

  async #loadRooms(): Promise<void> {
    const ended = this.#rooms.asking();
    const reply = await this.#request({ type: "drafts" });
    if (reply.type !== "drafts") return;
    const { drafts } = reply.value;
    for (const draft of drafts) this.heard(draft);
    const listed = new Set(drafts.map(({ room }) => room));
    // Of more than are kept, the oldest are missing.
    ended((room) => !listed.has(room) && drafts.length < DRAFTS);
  }

  async #loadThreads(): Promise<void> {
    const ended = this.#threads.asking();
    const reply = await this.#request({ type: "thread_drafts" });
    if (reply.type !== "thread_drafts") return;
    const { drafts } = reply.value;
    for (const draft of drafts) this.heardInThread(draft);
    const listed = new Set(drafts.map(({ room, root }) => threadKey(room, root)));
    ended((key, { room }) => {
      const inRoom = drafts.filter((draft) => draft.room === room).length;
      const complete = drafts.length < THREAD_DRAFTS && inRoom < ROOM_THREAD_DRAFTS;
      return !listed.has(key) && complete;
    });
  }

  /** Nothing is told any more. */
  close(): void {
    this.#rooms.close();
    this.#threads.close();
  }
}

/** Drafts of one kind. */
class Kept<Key, D extends { readonly text: string; readonly time: number }> {
  readonly view = new Cell<ReadonlyMap<Key, D>>(new Map());
  readonly #clock: ServerClock;
  readonly #timers: Timers;
  readonly #send: (draft: D) => Promise<Reply>;
  /** What the server is not told yet, with how to give that up. */
  readonly #waiting = new Map<Key, () => void>();
  readonly #telling = new Set<Key>();
  /** The times of the drafts that the server has, as far as that is known. */
  readonly #there = new Map<Key, number>();

  constructor(clock: ServerClock, timers: Timers, send: (draft: D) => Promise<Reply>) {
    this.#clock = clock;
    this.#timers = timers;
    this.#send = send;
  }

  /** The server has a draft; the later one counts. */
  heard(key: Key, draft: D): void {
    this.#there.set(key, draft.time);
    this.#put(key, draft);
  }

  /** The server is about to be asked for all. Gives what ends those that it had before and has no longer. */
  asking(): (gone: (key: Key, draft: D) => boolean) => void {
    const before = new Map(this.#there);
    return (gone) => {
      for (const [key, draft] of this.view.getSnapshot()) {
        // What was written or told since then may have come too late for the answer.
        const had = draft.text !== "" && before.get(key) === draft.time;
        if (had && gone(key, draft)) this.#put(key, { ...draft, text: "", time: draft.time + 1 });
      }
    };
  }

  write(key: Key, text: string, draft: (time: number) => D): number {
    const before = this.view.getSnapshot().get(key)?.time ?? 0;
    const time = Math.max(this.#clock.now(), before + 1);
    this.#put(key, draft(time));
    this.#waiting.get(key)?.();
    if (text === "") this.#tell(key);
    else
      this.#waiting.set(
        key,
        this.#timers.after(PAUSE_MS, () => this.#tell(key)),
      );
    return time;
  }

  forget(key: Key): void {
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
    this.#there.delete(key);
    if (!this.view.getSnapshot().has(key)) return;
    this.view.update((drafts) => {
      const left = new Map(drafts);
      left.delete(key);
      return left;
    });
  }

  close(): void {
    for (const giveUp of this.#waiting.values()) giveUp();
    this.#waiting.clear();
  }

  #put(key: Key, draft: D): void {
    const known = this.view.getSnapshot().get(key);
    if (known && known.time >= draft.time) return;
    this.view.update((drafts) => new Map(drafts).set(key, draft));
  }

  #tell(key: Key): void {
    this.#waiting.delete(key);
    const draft = this.view.getSnapshot().get(key);
    // What is too long stays on this device.
    if (!draft || this.#telling.has(key) || bytes(draft.text) > DRAFT_BYTES) return;
    this.#telling.add(key);
    const told = this.#send(draft).then(() => void this.#there.set(key, draft.time), ignore);
    void told.then(() => {
      this.#telling.delete(key);
      const now = this.view.getSnapshot().get(key);
      if (now && now.time > draft.time && !this.#waiting.has(key)) this.#tell(key);
    });
  }
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The draft stays here, and is told with the next change. */
function ignore(): void {}
