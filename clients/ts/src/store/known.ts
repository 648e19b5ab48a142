/** The rooms that are known, the list of them, the people in them, and how far this person has read. */

import type {
  Attendance,
  Entry,
  Marker,
  Member,
  OwnRead,
  RoomId,
  RoomPlaced,
  RoomSummary,
  UserId,
} from "../protocol.ts";
import { Beyond } from "./beyond.ts";
import { markersAfter } from "./markers.ts";
import { People } from "./people.ts";
import { Cell, type Readable } from "./readable.ts";
import { Reading } from "./reading.ts";
import { RoomList } from "./rooms.ts";
import { advance, visitorsAfter } from "./summary.ts";
import { emptyView, type PendingMessage, type RoomView } from "./views.ts";

/** All that is known of rooms but the copies of their logs, which {@link Store} keeps. */
export class KnownRooms {
  readonly rooms = new RoomList();
  readonly people = new People();
  readonly #views = new Map<RoomId, Cell<RoomView | null>>();
  /** Rooms that the server restored to an older state: its numbers count, however low. */
  readonly #restored = new Set<RoomId>();
  protected readonly reading: Reading;
  protected readonly beyond = new Beyond();
  /** This person, once known. */
  self: UserId | undefined;

  /** `marking` gives the number up to which a read mark is on its way to the server; 0 for none. */
  constructor(marking: (room: RoomId) => number) {
    this.reading = new Reading(marking);
  }

  /** One room, or null while it is not known. */
  room(id: RoomId): Readable<RoomView | null> {
    return this.#cell(id);
  }

  /** One room now. */
  get(id: RoomId): RoomView | null {
    return this.#views.get(id)?.getSnapshot() ?? null;
  }

  /** Every room that is known. */
  all(): RoomView[] {
    return [...this.#views.values()]
      .map((cell) => cell.getSnapshot())
      .filter((view) => view !== null);
  }

  /** Changes one room, if it is known. */
  change(id: RoomId, change: (view: RoomView) => RoomView): void {
    const cell = this.#cell(id);
    const before = cell.getSnapshot();
    if (before === null) return;
    const after = change(before);
    cell.set(after);
    if (after.summary.read !== before.summary.read) this.reading.changed(id);
    if (after.summary !== before.summary) this.rooms.put(after.summary);
  }

  /** Takes a further page of the list. */
  page(rooms: readonly RoomSummary[], more: boolean): void {
    for (const summary of rooms) this.put(summary);
    this.rooms.loaded(more);
  }

  /** Takes a summary, which entries may have overtaken. */
  put(summary: RoomSummary): void {
    const before = this.get(summary.room)?.summary;
    const lower = before !== undefined && before.head > summary.head && summary.readable;
    const overtaken = lower && !this.#restored.has(summary.room);
    const { head, number, preview, active } = overtaken ? before : summary;
    const unread = overtaken ? Math.max(0, number - summary.read) : summary.unread;
    this.take({ ...summary, head, number, preview, active, unread });
  }

  /** Takes a summary that nothing can have overtaken. */
  protected take(summary: RoomSummary): void {
    if (summary.peer) this.people.profiles([summary.peer]);
    if (summary.peerPresence) this.people.presence([summary.peerPresence]);
    const cell = this.#cell(summary.room);
    const before = cell.getSnapshot();
    if (before && !summary.readable) {
      // The numbers of an unreadable room mean nothing: keep what is known here.
      this.change(summary.room, (view) => ({
        ...view,
        summary: { ...view.summary, readable: false },
      }));
      return;
    }
    this.beyond.hear(summary.room, summary.head);
    const restored = this.#restored.delete(summary.room);
    if (restored) this.reading.forget(summary.room);
    const read = this.reading.afterSummary(summary, restored ? 0 : (before?.summary.read ?? 0));
    const unread = read === summary.read ? summary.unread : Math.max(0, summary.number - read);
    const merged = { ...summary, read, unread };
    cell.set(before ? { ...before, summary: merged } : emptyView(merged));
    this.rooms.put(merged);
  }

  /** Forgets a room. */
  remove(id: RoomId): void {
    this.beyond.forget(id);
    this.reading.forget(id);
    this.#views.get(id)?.set(null);
    this.rooms.remove(id);
  }

  /** The server restored a room to an older state: its next summary counts. */
  protected restored(id: RoomId): void {
    this.#restored.add(id);
  }

  /** A room's head as far as it is known; 0 when it is not. */
  headOf(id: RoomId): number {
    const view = this.get(id);
    return view?.summary.readable ? view.summary.head : 0;
  }

  /** The person has read up to this number here. */
  read(id: RoomId, number: number): void {
    if (number > (this.get(id)?.summary.read ?? 0)) this.#read(id, number);
  }

  /** Takes how far the server says this person has read: it goes back when they mark as unread. */
  ownRead(own: OwnRead): void {
    const read = this.reading.afterEvent(own);
    if (read !== null) this.#read(own.room, read);
    const { mutedUntil } = own;
    this.change(own.room, (view) => {
      if (mutedUntil === view.summary.mutedUntil) return view;
      return { ...view, summary: { ...view.summary, mutedUntil } };
    });
  }

  #read(id: RoomId, read: number): void {
    this.change(id, (view) => {
      if (read === view.summary.read) return view;
      const unread = Math.max(0, view.summary.number - read);
      return { ...view, summary: { ...view.summary, read, unread } };
    });
  }

  /** Takes where this person has put a room. */
  placed({ room, placed }: RoomPlaced): void {
    this.change(room, (view) => ({ ...view, summary: { ...view.summary, placed } }));
  }

  /** Takes how far members have come. */
  markers(id: RoomId, changed: readonly Marker[]): void {
    this.change(id, (view) => markersAfter(view, changed));
  }

  /** Takes the attendance of a public room. */
  attendance(attendance: Attendance): void {
    if (attendance.entered) this.people.profiles([attendance.entered]);
    this.change(attendance.room, (view) => ({
      ...view,
      attendance: attendance.count,
      members: visitorsAfter(view.members, attendance),
    }));
  }

  /** Takes a room's members. */
  members(id: RoomId, members: readonly Member[]): void {
    this.people.profiles(members.map((member) => member.profile));
    this.people.presence(members.flatMap(({ presence }) => (presence ? [presence] : [])));
    this.change(id, (view) => ({ ...view, members }));
  }

  /** Takes the messages of this person that are not yet in the log. */
  pending(id: RoomId, pending: readonly PendingMessage[]): void {
    this.change(id, (view) => ({ ...view, pending }));
  }

  /** A room's summary after further entries of its log. */
  protected advance({ summary, card }: RoomView, entries: readonly Entry[]): RoomSummary {
    const after = advance(summary, entries, this.self, card);
    // Of all entries, only one's own messages move it.
    if (after.read !== summary.read) this.reading.wrote(summary.room, after.read);
    return after;
  }

  #cell(id: RoomId): Cell<RoomView | null> {
    const cell = this.#views.get(id) ?? new Cell<RoomView | null>(null);
    this.#views.set(id, cell);
    return cell;
  }
}
