/**
 * A room that the server cannot read. A store cannot be damaged from outside while the server runs, so
 * this stands between page and server and turns what the server says of the room into what it says of
 * rooms that it cannot read. The page, its client and the server are the real ones.
 */

import {
  type Command,
  clientFrameFromBytes,
  type Reply,
  type Resumed,
  type RoomId,
  type RoomSummary,
  type ServerFrame,
  serverFrameFromBytes,
  serverFrameToBytes,
  type WireError,
} from "@caffis/chat";
import type { BrowserContext, WebSocketRoute } from "playwright-core";

/** The first byte of a WebSocket message that carries a payload. */
const DATA = 0;

const REFUSED: WireError = {
  code: "internal",
  sentence: "The room cannot be read.",
  outcome: "refused",
  retryAfterMs: null,
};

/** One room of the WebSocket connections of a browser. */
export class UnreadableRoom {
  readonly #name: string;
  readonly #links = new Set<WebSocketRoute>();
  #id: RoomId | undefined;
  #damaged = false;

  /** The room with this name, of the pages that are opened from now on. */
  static async of(context: BrowserContext, name: string): Promise<UnreadableRoom> {
    const room = new UnreadableRoom(name);
    const chat = ({ pathname }: URL) => pathname === "/api/chat/ws";
    await context.routeWebSocket(chat, (link) => room.#stand(link));
    return room;
  }

  private constructor(name: string) {
    this.#name = name;
  }

  /** From now on the room cannot be read. */
  damage(): void {
    this.#damaged = true;
  }

  /** From now on it can be read again. */
  repair(): void {
    this.#damaged = false;
  }

  /** Cuts the connections: the page makes new ones. */
  async cut(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.close({ code: 4000 })));
  }

  #stand(page: WebSocketRoute): void {
    const server = page.connectToServer();
    const asked = new Map<number, Command>();
    this.#links.add(page);
    page.onMessage((message) => {
      if (typeof message !== "string" && message[0] === DATA) {
        const frame = clientFrameFromBytes(message.subarray(1));
        if (frame.type === "request") asked.set(frame.value.id, frame.value.command);
      }
      server.send(message);
    });
    server.onMessage((message) => {
      if (typeof message === "string" || message[0] !== DATA) page.send(message);
      else this.#tell(page, serverFrameFromBytes(message.subarray(1)), asked);
    });
    page.onClose(() => this.#links.delete(page));
  }

  #tell(page: WebSocketRoute, frame: ServerFrame, asked: Map<number, Command>): void {
    // A room that cannot be read tells of no entries.
    const entry = frame.type === "event" && frame.value.type === "entry" && frame.value.value;
    if (this.#damaged && entry && entry.room === this.#id) return;
    page.send(Buffer.concat([Buffer.of(DATA), serverFrameToBytes(this.#frame(frame, asked))]));
  }

  #frame(frame: ServerFrame, asked: Map<number, Command>): ServerFrame {
    if (frame.type !== "reply" || frame.value.result.type !== "ok") return frame;
    const { id, result } = frame.value;
    this.#learn(result.value);
    if (!this.#damaged) return frame;
    const command = asked.get(id);
    const refused = command?.type === "open" && command.value.room === this.#id;
    const value = refused
      ? ({ type: "error", value: REFUSED } as const)
      : ({ type: "ok", value: this.#reply(result.value) } as const);
    return { type: "reply", value: { id, result: value } };
  }

  #learn(reply: Reply): void {
    const rooms = "value" in reply && "rooms" in reply.value ? reply.value.rooms : [];
    const found = rooms.find((room) => "name" in room && room.name === this.#name);
    this.#id ??= found?.room;
  }

  #reply(reply: Reply): Reply {
    switch (reply.type) {
      case "welcome": {
        const { rooms, resumed } = reply.value;
        const changed = {
          rooms: rooms.map((room) => this.#summary(room)),
          resumed: resumed.map((each) => this.#resumed(each)),
        };
        return { ...reply, value: { ...reply.value, ...changed } };
      }
      case "rooms": {
        const rooms = reply.value.rooms.map((room) => this.#summary(room));
        return { ...reply, value: { ...reply.value, rooms } };
      }
      case "resumed":
        return { ...reply, value: { rooms: reply.value.rooms.map((each) => this.#resumed(each)) } };
      default:
        return reply;
    }
  }

  #summary(room: RoomSummary): RoomSummary {
    if (room.room !== this.#id) return room;
    const nothing = { members: 0, role: null, head: 0, number: 0, read: 0, unread: 0 };
    return { ...room, ...nothing, preview: null, readable: false };
  }

  #resumed(resumed: Resumed): Resumed {
    if (resumed.room !== this.#id) return resumed;
    return { room: resumed.room, standing: "later", entries: [], more: false, head: 0 };
  }
}
