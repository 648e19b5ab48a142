/** The client's copy of what the server said. Applies events and replies; sends nothing. */

import type {
  Entry,
  EntryPage,
  Flagged,
  Head,
  Message,
  MessagePreview,
  Opened,
  PinList,
  Resumed,
  RoomId,
  RoomSummary,
} from "../protocol.ts";
import { withChanges } from "./changes.ts";
import { KnownRooms } from "./known.ts";
import { append, CLOSED_ENTRIES, cut, joinLatest, type Log, logOfPage, prepend } from "./log.ts";
import { marksAfter, pinsAfter, withoutMessage, withQuotes } from "./marks.ts";
import { cardAfter, laterCard, membersAfter, withHead } from "./summary.ts";
import { NO_LOG, NO_QUOTES } from "./views.ts";

/** What the store needs from the client. */
export interface StoreNeeds {
  /** Entries are missing at the end of this room's copy: resume it. */
  behind(room: RoomId): void;
  /** A message arrived that was not known before. */
  arrived(room: RoomId, message: Message, entry: Entry): void;
  /** The number up to which a read mark is on its way to the server; 0 for none. */
  marking(room: RoomId): number;
}

/** Rooms with their entries, and people. */
export class Store extends KnownRooms {
  readonly #needs: StoreNeeds;

  constructor(needs: StoreNeeds) {
    super((room) => needs.marking(room));
    this.#needs = needs;
  }

  /**
   * Takes the first rooms of a welcome, after its resumed cursors. Nothing can have overtaken these
   * summaries, so they count even where they are behind. A room that is not among them and cannot be
   * further down is gone.
   */
  welcome(rooms: readonly RoomSummary[], more: boolean): void {
    this.reading.welcomed();
    const named = new Set(rooms.map((summary) => summary.room));
    for (const summary of rooms) {
      if (this.#log(summary.room) === null) this.beyond.forgetHead(summary.room);
      this.take(summary);
    }
    if (!more) {
      for (const view of this.all()) {
        if (!named.has(view.id) && !(view.open && view.summary.role === null)) this.remove(view.id);
      }
    }
    this.rooms.loaded(more);
  }

  /** Takes the answer to open; `start` is the page to begin at where that is not the last one. */
  opened(opened: Opened, start: EntryPage | null = null): void {
    const id = opened.room.room;
    this.put(opened.room);
    this.people.presence(opened.presence);
    this.beyond.hear(id, opened.page.head);
    const { log, added } = joinLatest(this.#log(id) ?? (start && logOfPage(start)), opened.page);
    this.change(id, (view) => ({
      ...view,
      ...this.beyond.shown(id, log),
      held: true,
      open: true,
      attendance: opened.attendance,
      // Who is in a public room is told only while it is open.
      members: view.summary.class === "public" ? null : view.members,
      card: laterCard(view.card, opened.card),
      markers: new Map(opened.markers.map((marker) => [marker.user, marker])),
    }));
    this.#arrive(id, added);
    this.#complete(id);
  }

  /** A room is closed: its feed has ended, and less of it is kept. */
  closed(id: RoomId): void {
    const log = this.#log(id);
    if (log?.moreAfter) this.drop(id);
    const kept = log && !log.moreAfter ? this.beyond.shown(id, cut(log, CLOSED_ENTRIES)) : {};
    const closed = {
      open: false,
      typing: [],
      attendance: null,
      quotes: NO_QUOTES,
      pins: null,
    } as const;
    this.change(id, (view) => ({ ...view, ...kept, ...closed }));
  }

  /** Drops a room's copy: it is loaded again when the room is opened. */
  drop(id: RoomId): void {
    this.change(id, (view) => ({ ...view, ...NO_LOG, held: false }));
  }

  /** Takes the result of one cursor. */
  resumed(resumed: Resumed): void {
    const { room, standing, head } = resumed;
    const log = this.#log(room);
    switch (standing) {
      case "gone":
        this.remove(room);
        break;
      case "reset": {
        // The server may have been restored from a backup: its head counts, not the larger one.
        const { last = 0, summary } = this.get(room) ?? {};
        this.beyond.reset(room, head);
        if (head < Math.max(last, summary?.head ?? 0)) this.restored(room);
        this.drop(room);
        break;
      }
      case "complete":
        this.beyond.hear(room, head);
        this.change(room, (view) => marksAfter(view, resumed.entries));
        if (log) this.#append(room, log, resumed.entries);
        break;
      case "later":
        break;
    }
  }

  /** Takes one entry of a room's log. */
  entry(id: RoomId, entry: Entry): void {
    const view = this.get(id);
    if (view === null) return;
    this.beyond.hear(id, entry.position);
    this.change(id, (view) => marksAfter(view, [entry]));
    const log = this.#log(id);
    if (log === null || (log.moreAfter && entry.position > log.last + 1)) {
      this.beyond.keep(id, entry);
      if (entry.position <= view.summary.head) return;
      this.change(id, (room) => ({
        ...room,
        entries: withChanges(room.entries, [entry]),
        summary: this.advance(room, [entry]),
        members: membersAfter(room.members, entry),
        card: cardAfter(room.card, entry),
      }));
      // This person's own message is shown as waiting until the copy reaches it.
      const { kind } = entry;
      const own = kind.type === "message" && kind.value.sender === this.self;
      if (log === null || !own) this.#arrive(id, [entry]);
      return;
    }
    this.#append(id, log, [entry]);
    this.#complete(id);
  }

  /** Takes an older page of history. */
  older(id: RoomId, page: EntryPage): void {
    this.beyond.hear(id, page.head);
    const log = this.#log(id);
    if (log) this.change(id, (view) => ({ ...view, ...this.beyond.shown(id, prepend(log, page)) }));
    this.#complete(id);
  }

  /** Takes a newer page of history, after a copy that ends before the end of the log. */
  newer(id: RoomId, page: EntryPage): void {
    this.beyond.hear(id, page.head);
    const log = this.#log(id);
    if (log) this.#append(id, log, page.entries);
    this.#complete(id);
  }

  /** Takes the last page of history instead of a copy from further up. */
  latest(id: RoomId, page: EntryPage): void {
    this.beyond.hear(id, page.head);
    const log = this.#log(id);
    if (!log?.moreAfter) return;
    this.change(id, (view) => ({ ...view, ...this.beyond.shown(id, logOfPage(page)) }));
    this.#arrive(id, page.entries);
    this.#complete(id);
  }

  /** Takes a page from further up: it joins the copy where the two touch, and replaces it otherwise. */
  around(id: RoomId, page: EntryPage): void {
    this.beyond.hear(id, page.head);
    const log = this.#log(id);
    const [first, last] = [page.entries[0]?.position, page.entries.at(-1)?.position];
    if (!log || first === undefined || last === undefined) return;
    const begin = log.entries[0]?.position ?? 0;
    if (first <= begin && last >= begin - 1) {
      this.older(id, page);
      return;
    }
    // The page may have been read before changes that are here already.
    const entries = withChanges(page.entries, log.entries);
    this.change(id, (view) => ({
      ...view,
      ...this.beyond.shown(id, logOfPage({ ...page, entries })),
    }));
    this.#complete(id);
  }

  /** Takes messages in short that were asked for by their positions. */
  quoted(id: RoomId, asked: readonly number[], previews: readonly MessagePreview[]): void {
    const hidden = this.beyond.hidden(id);
    this.change(id, (view) => withQuotes(view, asked, previews, hidden, this.beyond.entries(view)));
  }

  /** Takes what is pinned in a room. */
  pinned(id: RoomId, list: PinList): void {
    this.change(id, (view) => ({ ...view, pins: pinsAfter(list, this.beyond.entries(view)) }));
  }

  /** Takes how this person has marked a message for themselves. */
  flagged(flagged: Flagged): void {
    const { room, position, flag, on } = flagged;
    if (flag.type !== "hidden" || !on) return;
    this.beyond.hide(room, position);
    this.change(room, (view) => withoutMessage(view, flagged));
  }

  /** Takes a new head of a room that is not followed entry by entry. */
  head(head: Head): void {
    this.beyond.hear(head.room, head.head);
    this.change(head.room, (view) => ({ ...view, summary: withHead(view.summary, head) }));
    if (this.get(head.room)?.open) this.#complete(head.room);
  }

  /** The copy of a room's log, or null where the end of the log is not here. */
  #log(id: RoomId): Log | null {
    const view = this.get(id);
    if (!view?.held) return null;
    const { entries, last, moreBefore, moreAfter } = view;
    return { entries, last, moreBefore, moreAfter };
  }

  /** The position up to which the copy of a held room is complete. */
  position(id: RoomId): number {
    return this.#log(id)?.last ?? 0;
  }

  /** The cursor of a room: what is missing before it can be loaded at any time. */
  cursor(id: RoomId): number {
    const log = this.#log(id);
    return Math.max(log?.last ?? 0, log?.moreAfter ? this.beyond.heard(id) : 0);
  }

  /** How many entries are missing at the end of a copy that should reach the end of the log. */
  missing(id: RoomId): number {
    const log = this.#log(id);
    if (log === null || log.moreAfter) return 0;
    return Math.max(0, this.beyond.heard(id) - log.last);
  }

  #complete(id: RoomId): void {
    if (this.missing(id) > 0) this.#needs.behind(id);
  }

  #append(id: RoomId, log: Log, entries: readonly Entry[]): void {
    const { log: after, added } = append(log, entries);
    if (added.length === 0) return;
    this.change(id, (view) => ({
      ...view,
      ...this.beyond.shown(id, after),
      summary: this.advance(view, added),
      members: added.reduce(membersAfter, view.members),
      card: added.reduce(cardAfter, view.card),
    }));
    this.#arrive(id, added);
  }

  #arrive(id: RoomId, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.kind.type === "message") this.#needs.arrived(id, entry.kind.value, entry);
    }
  }
}
