/** Messages that are marked for this person in one way: where they are, and what they say. */

import type {
  Command,
  Flag,
  Flagged,
  MarkedPage,
  Reply,
  RoomId,
  RoomSummary,
  SearchPlace,
} from "../protocol.ts";
import { Cell, type Readable } from "../store/readable.ts";
import type { ProfileLoader } from "./profiles.ts";

type Request = (command: Command, signal?: AbortSignal) => Promise<Reply>;

/** The numbers of marked messages by their positions, by room. */
export type MarksView = ReadonlyMap<RoomId, ReadonlyMap<number, number>>;

/** How many of the messages that are marked in a room this person has not read. */
export function unreadMarks(marks: MarksView, { room, read }: RoomSummary): number {
  let unread = 0;
  for (const number of marks.get(room)?.values() ?? []) if (number > read) unread += 1;
  return unread;
}

/** Messages with one mark. */
export class MarkedMessages {
  readonly #flag: Flag;
  readonly #profiles: ProfileLoader;
  readonly #request: Request;
  readonly #view = new Cell<MarksView>(new Map());
  #wanted = false;
  /** What came while the server was asked. */
  #later: Flagged[] | null = null;

  constructor(flag: Flag, profiles: ProfileLoader, request: Request) {
    this.#flag = flag;
    this.#profiles = profiles;
    this.#request = request;
  }

  /** Where they are, once they were asked for. */
  get places(): Readable<MarksView> {
    return this.#view;
  }

  /** Asks where they are; from then on that is kept up to date, over reconnects too. */
  async load(): Promise<void> {
    this.#wanted = true;
    const later: Flagged[] = [];
    this.#later = later;
    const reply = await this.#request({ type: "marks", value: { flag: this.#flag } });
    if (reply.type !== "marks" || this.#later !== later) return;
    this.#later = null;
    const rooms = new Map<RoomId, Map<number, number>>();
    for (const { room, position, number } of reply.value.marks) {
      const places = rooms.get(room) ?? new Map<number, number>();
      rooms.set(room, places.set(position, number));
    }
    this.#view.set(later.reduce<MarksView>(marksAfter, rooms));
  }

  /** A session began: what happened before it is not told. */
  welcomed(): void {
    if (this.#wanted) void this.load().catch(ignore);
  }

  /** A message was marked, or is no longer. */
  heard(flagged: Flagged): void {
    if (!this.#wanted || flagged.flag.type !== this.#flag.type) return;
    this.#later?.push(flagged);
    this.#view.set(marksAfter(this.#view.getSnapshot(), flagged));
  }

  /** A page of them, the newest mark first. */
  async page(before: SearchPlace | null, signal?: AbortSignal): Promise<MarkedPage> {
    const value = { flag: this.#flag, before, limit: PAGE };
    const reply = await this.#request({ type: "marked", value }, signal);
    if (reply.type !== "marked") throw new Error(`marked was answered by ${reply.type}`);
    this.#profiles.of(reply.value.messages.map(({ message }) => message.preview.sender));
    return reply.value;
  }
}

/** Messages in one page. */
const PAGE = 20;

/** The next session asks again. */
function ignore(): void {}

/** The marks after one more or less. Pure. */
export function marksAfter(marks: MarksView, { room, position, number, on }: Flagged): MarksView {
  const places = new Map(marks.get(room));
  if (places.has(position) === on) return marks;
  if (on) places.set(position, number);
  else places.delete(position);
  return new Map(marks).set(room, places);
}
