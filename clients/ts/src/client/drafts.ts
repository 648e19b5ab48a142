/** What this person has written and not sent, on all of their devices. */

import type { ServerClock } from "../clock.ts";
import { type Command, DRAFT_BYTES, type Draft, type Reply, type RoomId } from "../protocol.ts";
import { Cell, type Readable } from "../store/readable.ts";
import type { Timers } from "../timers.ts";

/** How long nobody types before the server is told. */
const PAUSE_MS = 1_000;

type Request = (command: Command) => Promise<Reply>;

/** Drafts by room; an empty text says that there is none any more. */
export type DraftsView = ReadonlyMap<RoomId, Draft>;

/** The drafts of a client. */
export class Drafts {
  readonly #clock: ServerClock;
  readonly #timers: Timers;
  readonly #request: Request;
  readonly #view = new Cell<DraftsView>(new Map());
  /** What the server is not told yet, with how to give that up. */
  readonly #waiting = new Map<RoomId, () => void>();
  readonly #telling = new Set<RoomId>();
  #wanted = false;

  constructor(clock: ServerClock, timers: Timers, request: Request) {
    this.#clock = clock;
    this.#timers = timers;
    this.#request = request;
  }

  /** The drafts that are known. */
  get all(): Readable<DraftsView> {
    return this.#view;
  }

  /** Asks for them; from then on they are kept up to date, over reconnects too. */
  async load(): Promise<void> {
    this.#wanted = true;
    const reply = await this.#request({ type: "drafts" });
    if (reply.type === "drafts") for (const draft of reply.value.drafts) this.heard(draft);
  }

  /** A session began: what happened before it is not told. */
  welcomed(): void {
    if (this.#wanted) void this.load().catch(ignore);
  }

  /** A draft came; the later one counts. */
  heard(draft: Draft): void {
    const known = this.#view.getSnapshot().get(draft.room);
    if (known && known.time >= draft.time) return;
    this.#view.update((drafts) => new Map(drafts).set(draft.room, draft));
  }

  /** Something was written, or with an empty text sent or given up. Gives its time. */
  write(room: RoomId, text: string): number {
    const before = this.#view.getSnapshot().get(room)?.time ?? 0;
    const time = Math.max(this.#clock.now(), before + 1);
    this.heard({ room, text, time });
    this.#waiting.get(room)?.();
    if (text === "") this.#tell(room);
    else
      this.#waiting.set(
        room,
        this.#timers.after(PAUSE_MS, () => this.#tell(room)),
      );
    return time;
  }

  #tell(room: RoomId): void {
    this.#waiting.delete(room);
    const draft = this.#view.getSnapshot().get(room);
    // What is too long stays on this device.
    if (!draft || this.#telling.has(room) || bytes(draft.text) > DRAFT_BYTES) return;
    this.#telling.add(room);
    const told = this.#request({ type: "set_draft", value: draft }).catch(ignore);
    void told.then(() => {
      this.#telling.delete(room);
      const now = this.#view.getSnapshot().get(room);
      if (now && now.time > draft.time && !this.#waiting.has(room)) this.#tell(room);
    });
  }

  /** Nothing is told any more. */
  close(): void {
    for (const giveUp of this.#waiting.values()) giveUp();
    this.#waiting.clear();
  }
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The draft stays here, and is told with the next change. */
function ignore(): void {}
