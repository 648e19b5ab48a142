/** A server in memory and a clock that tests move by hand. */

import { ABRUPT, type Dial, type Link, type LinkEvents } from "../src/link/link.ts";
import {
  type ClientFrame,
  type Command,
  type Cursor,
  clientFrameFromBytes,
  type Entry,
  type Extra,
  type History,
  type OwnState,
  type Reply,
  type Resumed,
  type RoomSummary,
  randomClientId,
  roomId,
  type ServerEvent,
  type ServerFrame,
  type ServerSignal,
  type SessionId,
  serverFrameToBytes,
  userId,
  type WireError,
} from "../src/protocol.ts";
import { shortened } from "../src/store/changes.ts";
import type { Timers } from "../src/timers.ts";

export const ROOM = roomId("00000000000000a1");
export const ME = userId("giulia");
export const OTHER = userId("marco");
const T0 = 1_700_000_000_000;

/** Timers that fire when a test says so. */
export class FakeTimers implements Timers {
  #now = 0;
  #timers: { at: number; callback: () => void }[] = [];

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  monotonic(): number {
    return this.#now;
  }

  /** Moves the clock, timer by timer, and lets everything that follows happen. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#now = Math.max(this.#now, due.at);
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.callback();
      await settled();
    }
    this.#now = end;
  }
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export const limits = {
  publicTextChars: 500,
  textChars: 8000,
  frameBytes: 65536,
  messagesPerSecond: 10,
  openRooms: 100,
  roomsPerUser: 1000,
  membersPerRoom: 5000,
  smallRoomMembers: 100,
  resendWindowSeconds: 86400,
  editWindowMs: 300_000,
  activePingMs: 2000,
  idlePingMs: 15000,
  typingRefreshMs: 3000,
  typingExpiryMs: 5000,
};

const ROOM_SUMMARY: RoomSummary = {
  room: ROOM,
  class: "social",
  context: { kind: "group", id: "g" },
  name: "Sabato",
  peer: null,
  peerPresence: null,
  members: 2,
  role: "member",
  head: 0,
  number: 0,
  read: 0,
  unread: 0,
  preview: null,
  active: T0,
  readable: true,
  mutedUntil: null,
  placed: { placement: "listed", number: 0 },
  settings: { slowModeSeconds: 0, frozen: false, announcements: false },
  description: null,
  history: { type: "all" },
};

/** A server with one room, as small as the tests allow. */
export class FakeServer {
  readonly entries: Entry[] = [];
  /** Every command that came, over all links. */
  readonly commands: Command[] = [];
  readonly links: FakeLink[] = [];
  readonly #sent = new Map<string, Entry>();
  readonly #held: (() => void)[] = [];
  /** Nothing is answered, not even a ping. */
  frozen = false;
  /** Nobody can connect. */
  down = false;
  /** What is answered instead of doing it. */
  refuse: (command: Command) => WireError | null = () => null;
  /** What happens to the link instead of an answer, after the command was done. */
  cutBeforeReply: (command: Command) => boolean = () => false;
  standing: Resumed["standing"] = "complete";
  /** Whether the answer travels on a lane that is held up until {@link FakeServer.release}. */
  late: (command: Command) => boolean = () => false;
  /** How long a question and its answer travel, both ways together. */
  roundTripMs = 0;
  /** The clock by which they travel. */
  timers: Timers | undefined;
  /** How far the person has read. */
  read = 0;
  /** The number of the last message, where some entries are no messages. */
  numbered: number | undefined;
  /** Whether the room can be read. */
  readable = true;
  /** Whose token the server believes it is. */
  user: string = ME;
  /** What all sessions of the person agree on. */
  own: OwnState = {
    presence: { user: ME, version: 1, availability: "online", lastSeen: null, status: null },
    privateReceipts: false,
  };
  /** Whether another device of the person is online. */
  elsewhere = false;

  /** A way to this server. */
  dial(kind: Link["kind"] = "websocket", delay?: (signal: AbortSignal) => Promise<void>): Dial {
    return async (events, signal) => {
      await delay?.(signal);
      signal.throwIfAborted();
      if (this.down) throw new Error("nobody listens");
      const link = new FakeLink(kind, this, events);
      this.links.push(link);
      return link;
    };
  }

  get link(): FakeLink {
    const link = this.links.at(-1);
    if (!link) throw new Error("nobody has connected");
    return link;
  }

  /** Lets the answers through that were held up. */
  release(): void {
    for (const give of this.#held.splice(0)) give();
  }

  /** Holds an answer up until {@link FakeServer.release}. */
  hold(give: () => void): void {
    this.#held.push(give);
  }

  /** Lets something arrive after its way. */
  travel(arrive: () => void): void {
    if (this.roundTripMs > 0) this.timers?.after(this.roundTripMs, arrive);
    else queueMicrotask(arrive);
  }

  /** Adds a message to the log and tells nobody. */
  write(
    text: string,
    sender = OTHER,
    key = { id: randomClientId(), time: T0 },
    extras: readonly Extra[] = [],
  ): Entry {
    const position = this.entries.length + 1;
    const entry: Entry = {
      position,
      time: T0 + position,
      kind: {
        type: "message",
        value: {
          number: position,
          sender,
          key,
          body: { type: "text", value: { text } },
          changed: 0,
          edited: null,
          reactions: [],
          extras,
        },
      },
    };
    this.entries.push(entry);
    return entry;
  }

  /** Tells the client of an entry. */
  tell(entry: Entry): void {
    this.link.event({ type: "entry", value: { room: ROOM, entry } });
  }

  summary(): RoomSummary {
    if (!this.readable) {
      const nothing = { head: 0, number: 0, read: 0, unread: 0, members: 0, active: 0 };
      return { ...ROOM_SUMMARY, ...nothing, name: null, role: null, readable: false };
    }
    const head = this.entries.length;
    return {
      ...ROOM_SUMMARY,
      head,
      number: this.numbered ?? head,
      read: this.read,
      unread: (this.numbered ?? head) - this.read,
      active: T0 + head,
    };
  }

  /** Changes what the person's sessions agree on, as any device may, and tells this one. */
  changeOwn(change: Partial<OwnState>): void {
    const { presence, privateReceipts } = { ...this.own, ...change };
    const version = this.own.presence.version + 1;
    this.own = { presence: { ...presence, version }, privateReceipts };
    // After the answer, which is already on its way.
    queueMicrotask(() => this.link.event({ type: "own_state", value: this.own }));
  }

  /** Does a command. */
  answer(command: Command): Reply {
    const page = (entries: Entry[]) => ({
      entries,
      moreBefore: (entries[0]?.position ?? 1) > 1,
      moreAfter: (entries.at(-1)?.position ?? this.entries.length) < this.entries.length,
      head: this.entries.length,
    });
    switch (command.type) {
      case "hello":
        return {
          type: "welcome",
          value: {
            version: 1,
            session: "0".repeat(32) as SessionId,
            profile: { user: userId(this.user), name: "Giulia", picture: null },
            own: this.own,
            serverTime: T0,
            tokenExpires: T0 + 3_600_000,
            limits,
            rooms: [this.summary()],
            moreRooms: false,
            resumed: command.value.cursors.map((cursor) => this.#resumed(cursor)),
          },
        };
      case "resume":
        return {
          type: "resumed",
          value: { rooms: command.value.cursors.map((cursor) => this.#resumed(cursor)) },
        };
      case "open": {
        const last = this.entries.slice(-command.value.limit);
        return {
          type: "opened",
          value: {
            room: this.summary(),
            page: page(last),
            markers: [],
            presence: [],
            attendance: 1,
            card: null,
          },
        };
      }
      case "history": {
        const [first, end] = this.#range(command.value);
        return { type: "page", value: page(this.entries.slice(Math.max(0, first), end)) };
      }
      case "mark_read":
        this.read = Math.max(this.read, command.value.number);
        return { type: "done" };
      case "rooms":
        return { type: "rooms", value: { rooms: [this.summary()], more: false } };
      case "members":
        return { type: "members", value: { members: [], more: false } };
      case "set_presence": {
        const { status } = command.value;
        const { presence } = this.own;
        const availability = this.elsewhere ? "online" : command.value.availability;
        const words = status === null ? presence.status : status || null;
        this.changeOwn({ presence: { ...presence, availability, status: words } });
        return { type: "done" };
      }
      case "set_preferences":
        this.changeOwn(command.value);
        return { type: "done" };
      case "send": {
        const { body, extras } = command.value;
        const { id, time: made } = command.value.key;
        const key = { id, time: made };
        const text = body.type === "text" ? body.value.text : "";
        const entry = this.#sent.get(key.id) ?? this.write(text, ME, key, extras);
        this.#sent.set(key.id, entry);
        const { position, time } = entry;
        return { type: "appended", value: { room: ROOM, position, number: position, time } };
      }
      case "previews": {
        const found = this.entries.filter(({ position }) =>
          command.value.positions.includes(position),
        );
        const previews = found.flatMap(({ position, time, kind }) => {
          if (kind.type !== "message") return [];
          const { number, sender, changed, body } = kind.value;
          const deleted = body.type === "deleted";
          const preview = { number, sender, text: shortened(body), time, deleted };
          return [{ position, changed, preview }];
        });
        return { type: "previews", value: { previews } };
      }
      default:
        return { type: "done" };
    }
  }

  #range({ anchor, limit }: History): [number, number] {
    switch (anchor.type) {
      case "latest":
        return [this.entries.length - limit, this.entries.length];
      case "before":
        return [anchor.value - 1 - limit, anchor.value - 1];
      case "after":
        return [anchor.value, anchor.value + limit];
      case "around":
        return [anchor.value - limit / 2, anchor.value + limit / 2];
    }
  }

  #resumed(cursor: Cursor): Resumed {
    const missed = this.standing === "complete" ? this.entries.slice(cursor.position) : [];
    const entries = missed.slice(0, 3);
    const more = missed.length > entries.length;
    return { room: cursor.room, standing: this.standing, entries, more, head: this.entries.length };
  }
}

/** The client's side of a link to the fake server. */
export class FakeLink implements Link {
  readonly kind: Link["kind"];
  readonly signals: ClientFrame[] = [];
  closedWith: number | undefined;
  readonly #server: FakeServer;
  readonly #events: LinkEvents;

  constructor(kind: Link["kind"], server: FakeServer, events: LinkEvents) {
    this.kind = kind;
    this.#server = server;
    this.#events = events;
  }

  send(payload: Uint8Array): void {
    const frame = clientFrameFromBytes(payload);
    if (frame.type === "signal") {
      this.signals.push(frame);
      return;
    }
    const { id, command } = frame.value;
    this.#server.commands.push(command);
    if (this.#server.frozen) return;
    const error = this.#server.refuse(command);
    const reply = error ? null : this.#server.answer(command);
    if (this.#server.cutBeforeReply(command)) {
      this.cut();
      return;
    }
    const result = reply
      ? ({ type: "ok", value: reply } as const)
      : ({ type: "error", value: error as WireError } as const);
    const give = () => this.#give({ type: "reply", value: { id, result } });
    if (this.#server.late(command)) this.#server.hold(give);
    else give();
  }

  sendDatagram(): boolean {
    return false;
  }

  ping(): void {
    if (!this.#server.frozen) this.#server.travel(() => this.#events.pong());
  }

  close(farewell: { code: number }): void {
    this.closedWith ??= farewell.code;
  }

  event(event: ServerEvent): void {
    this.#give({ type: "event", value: event });
  }

  typing(counter: number, active = true): void {
    const value = { room: ROOM, user: OTHER, counter, active };
    this.#give({ type: "signal", value: { type: "typing", value } });
  }

  /** Somebody's signal. */
  signal(signal: ServerSignal): void {
    this.#give({ type: "signal", value: signal });
  }

  raw(kind: "frame" | "datagram", bytes: Uint8Array): void {
    this.#events[kind](bytes);
  }

  /** The link breaks without a farewell. */
  cut(): void {
    this.end(ABRUPT);
  }

  /** The server says goodbye. */
  end(code: number): void {
    this.closedWith ??= code;
    this.#events.closed({ code, reason: "" });
  }

  #give(frame: ServerFrame): void {
    const bytes = serverFrameToBytes(frame);
    this.#server.travel(() => {
      if (this.closedWith === undefined) this.#events.frame(bytes);
    });
  }
}
