/** The client's copy of what the server said. Applies events and replies; sends nothing. */

import type {
  Attendance,
  Entry,
  EntryPage,
  Head,
  Marker,
  Member,
  Message,
  Opened,
  Presence,
  Profile,
  Resumed,
  RoomId,
  RoomSummary,
  UserId,
} from "../protocol.ts";
import { append, CLOSED_ENTRIES, cut, joinLatest, type Log, prepend } from "./log.ts";
import { Cell, type Readable } from "./readable.ts";
import { advance, membersAfter, withHead } from "./summary.ts";
import type { PendingMessage, PeopleView, RoomListView, RoomView } from "./views.ts";

/** What follows from an event that the store cannot do by itself. */
export interface StoreNeeds {
  /** Something is missing in this room: resume it. */
  behind(room: RoomId): void;
  /** A message came that is new here. */
  arrived(room: RoomId, message: Message, entry: Entry): void;
}

const NO_MARKERS: ReadonlyMap<UserId, Marker> = new Map();

/** Rooms, entries and people. */
export class Store {
  readonly rooms = new Cell<RoomListView>({ rooms: [], more: false, loaded: false });
  readonly people = new Cell<PeopleView>({ profiles: new Map(), presence: new Map() });
  readonly #views = new Map<RoomId, Cell<RoomView | null>>();
  readonly #needs: StoreNeeds;
  /** This person, once known. */
  self: UserId | undefined;

  constructor(needs: StoreNeeds) {
    this.#needs = needs;
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
    if (after.summary !== before.summary) this.#list([after.summary]);
  }

  /** Takes the first rooms of a welcome: what is not among them and cannot be further down is gone. */
  welcome(rooms: readonly RoomSummary[], more: boolean): void {
    const named = new Set(rooms.map((summary) => summary.room));
    for (const summary of rooms) this.put(summary);
    if (!more) {
      for (const view of this.all()) {
        if (!named.has(view.id) && !(view.open && view.summary.role === null)) this.remove(view.id);
      }
    }
    this.rooms.update((list) => ({ ...list, more, loaded: true }));
  }

  /** Takes a further page of the list. */
  page(rooms: readonly RoomSummary[], more: boolean): void {
    for (const summary of rooms) this.put(summary);
    this.rooms.update((list) => ({ ...list, more }));
  }

  /** Takes a summary: a room is new or changed. */
  put(summary: RoomSummary): void {
    if (summary.peer) this.profiles([summary.peer]);
    if (summary.peerPresence) this.presence([summary.peerPresence]);
    const cell = this.#cell(summary.room);
    const before = cell.getSnapshot();
    if (before && !summary.readable) {
      // The summary of an unreadable room says nothing more: what is known of the room stays.
      const kept = { ...before.summary, readable: false };
      cell.set({ ...before, summary: kept });
      this.#list([kept]);
      return;
    }
    // What the server says is newer, except for what this person read a moment ago.
    const read = Math.max(summary.read, before?.summary.read ?? 0);
    const merged = {
      ...summary,
      read,
      unread: Math.min(summary.unread, Math.max(0, summary.number - read)),
    };
    cell.set(before ? { ...before, summary: merged } : emptyView(merged));
    this.#list([merged]);
  }

  /** Forgets a room. */
  remove(id: RoomId): void {
    this.#views.get(id)?.set(null);
    this.rooms.update((list) => ({
      ...list,
      rooms: list.rooms.filter((room) => room.room !== id),
    }));
  }

  /** Takes the answer to open. */
  opened(opened: Opened): void {
    this.put(opened.room);
    this.presence(opened.presence);
    const { log, added } = joinLatest(this.#log(opened.room.room), opened.page);
    this.change(opened.room.room, (view) => ({
      ...view,
      ...fields(log),
      held: true,
      open: true,
      attendance: opened.attendance,
      markers: new Map(opened.markers.map((marker) => [marker.user, marker])),
    }));
    this.#arrive(opened.room.room, added);
  }

  /** A room is closed: nothing of its feed counts any more, and less of it is kept. */
  closed(id: RoomId): void {
    const log = this.#log(id);
    const kept = log ? fields(cut(log, CLOSED_ENTRIES)) : {};
    this.change(id, (view) => ({ ...view, ...kept, open: false, typing: [], attendance: null }));
  }

  /** Takes what became of a cursor; true when more has to be asked for. */
  resumed(resumed: Resumed): boolean {
    const log = this.#log(resumed.room);
    switch (resumed.standing) {
      case "gone":
        this.remove(resumed.room);
        return false;
      case "reset":
        this.change(resumed.room, (view) => ({
          ...view,
          entries: [],
          last: 0,
          held: false,
          moreBefore: false,
        }));
        return false;
      case "later":
        return true;
      case "complete": {
        if (log === null) return false;
        const gap = this.#append(resumed.room, log, resumed.entries);
        return gap || resumed.more;
      }
    }
  }

  /** Takes one entry of a room's log. */
  entry(id: RoomId, entry: Entry): void {
    const view = this.get(id);
    if (view === null) return;
    const log = this.#log(id);
    if (log === null) {
      if (entry.position <= view.summary.head) return;
      this.change(id, (room) => ({
        ...room,
        summary: advance(room.summary, [entry], this.self),
        members: membersAfter(room.members, entry),
      }));
      this.#arrive(id, [entry]);
      return;
    }
    if (this.#append(id, log, [entry])) this.#needs.behind(id);
  }

  /** Takes an older page of history. */
  older(id: RoomId, page: EntryPage): void {
    const log = this.#log(id);
    if (log) this.change(id, (view) => ({ ...view, ...fields(prepend(log, page)) }));
  }

  /** Takes a new head of a room that is not followed entry by entry. */
  head(head: Head): void {
    this.change(head.room, (view) => ({ ...view, summary: withHead(view.summary, head) }));
    const view = this.get(head.room);
    if (view?.open && (this.#log(head.room)?.last ?? 0) < head.head) this.#needs.behind(head.room);
  }

  /** Takes how far a member has come. */
  marker(id: RoomId, marker: Marker): void {
    this.change(id, (view) => {
      const before = view.markers.get(marker.user);
      const delivered = Math.max(marker.delivered, marker.read, before?.delivered ?? 0);
      const read = Math.max(marker.read, before?.read ?? 0);
      if (before && before.delivered === delivered && before.read === read) return view;
      const markers = new Map(view.markers).set(marker.user, { ...marker, delivered, read });
      return { ...view, markers };
    });
  }

  /** Takes how far this person has read, here or elsewhere. */
  ownRead(id: RoomId, read: number): void {
    this.change(id, (view) => {
      if (read <= view.summary.read) return view;
      const unread = Math.max(0, view.summary.number - read);
      return { ...view, summary: { ...view.summary, read, unread } };
    });
  }

  /** Takes who came to or went from a public room. */
  attendance(attendance: Attendance): void {
    if (attendance.entered) this.profiles([attendance.entered]);
    this.change(attendance.room, (view) => ({ ...view, attendance: attendance.count }));
  }

  /** Takes a room's members. */
  members(id: RoomId, members: readonly Member[]): void {
    this.profiles(members.map((member) => member.profile));
    this.presence(members.map((member) => member.presence).filter((presence) => presence !== null));
    this.change(id, (view) => ({ ...view, members }));
  }

  /** Takes who people are. */
  profiles(profiles: readonly Profile[]): void {
    if (profiles.length === 0) return;
    this.people.update((people) => {
      const all = new Map(people.profiles);
      for (const profile of profiles) all.set(profile.user, profile);
      return { ...people, profiles: all };
    });
  }

  /** Takes whether people are there: of two, the one with the larger version counts. */
  presence(presences: readonly Presence[]): void {
    const known = this.people.getSnapshot().presence;
    const newer = presences.filter((each) => each.version >= (known.get(each.user)?.version ?? 0));
    if (newer.length === 0) return;
    const all = new Map(known);
    for (const presence of newer) all.set(presence.user, presence);
    this.people.update((people) => ({ ...people, presence: all }));
  }

  /** Takes the messages of this person that are not yet in the log. */
  pending(id: RoomId, pending: readonly PendingMessage[]): void {
    this.change(id, (view) => ({ ...view, pending }));
  }

  /** The copy of a room's log, or null where the end of the log is not here. */
  #log(id: RoomId): Log | null {
    const view = this.get(id);
    if (!view?.held) return null;
    return { entries: view.entries, last: view.last, moreBefore: view.moreBefore };
  }

  /** Up to which position the copy of a held room is whole. */
  position(id: RoomId): number {
    return this.#log(id)?.last ?? 0;
  }

  #append(id: RoomId, log: Log, entries: readonly Entry[]): boolean {
    const { log: after, added, gap } = append(log, entries);
    if (added.length > 0) {
      this.change(id, (view) => ({
        ...view,
        ...fields(after),
        summary: advance(view.summary, added, this.self),
        members: added.reduce(membersAfter, view.members),
      }));
      this.#arrive(id, added);
    }
    return gap;
  }

  #arrive(id: RoomId, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.kind.type === "message") this.#needs.arrived(id, entry.kind.value, entry);
    }
  }

  #cell(id: RoomId): Cell<RoomView | null> {
    const cell = this.#views.get(id) ?? new Cell<RoomView | null>(null);
    this.#views.set(id, cell);
    return cell;
  }

  #list(changed: readonly RoomSummary[]): void {
    const byId = new Map(changed.map((summary) => [summary.room, summary]));
    this.rooms.update((list) => {
      const kept = list.rooms.filter((summary) => !byId.has(summary.room));
      const rooms = [...kept, ...changed].sort(
        (a, b) => b.active - a.active || (a.room < b.room ? -1 : 1),
      );
      return { ...list, rooms };
    });
  }
}

function fields(log: Log): Pick<RoomView, "entries" | "last" | "moreBefore"> {
  return { entries: log.entries, last: log.last, moreBefore: log.moreBefore };
}

function emptyView(summary: RoomSummary): RoomView {
  return {
    id: summary.room,
    summary,
    entries: [],
    last: 0,
    moreBefore: false,
    held: false,
    open: false,
    loadingBefore: false,
    pending: [],
    markers: NO_MARKERS,
    typing: [],
    members: null,
    attendance: null,
  };
}
