/** The link over WebSocket: one message for each frame, kind byte first. */

import {
  decodeFarewell,
  encodeFarewell,
  FrameError,
  FrameKind,
  farewellOfClose,
  messageFrame,
  readMessageFrame,
  WEBSOCKET_BASE,
} from "./frames.ts";
import { abrupt, type Dial, type Farewell, type Link, type LinkEvents, PROTOCOL } from "./link.ts";

/** The subprotocol for postcard frames. */
export const SUBPROTOCOL = "caffis.v1";
const NOTHING = new Uint8Array(0);
/** The ready state of a WebSocket that is open. */
const OPEN = 1;

/** The part of the WebSocket interface that a link uses; the packages for Node have it too. */
export interface WebSocketLike {
  /** How binary messages are given. */
  binaryType: string;
  /** 1 while the connection is open. */
  readonly readyState: number;
  /** The connection is open. */
  onopen: ((event: never) => void) | null;
  /** A message arrived. */
  onmessage: ((event: never) => void) | null;
  /** Something failed; `onclose` follows. */
  onerror: ((event: never) => void) | null;
  /** The connection is closed. */
  onclose: ((event: never) => void) | null;
  /** Queues a message. */
  send(data: Uint8Array<ArrayBuffer>): void;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void;
}

/** What makes a WebSocket: the platform's own, or that of a package such as `ws`. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

type Message = { readonly data: unknown };
type Close = { readonly code: number; readonly reason: string };

class WebSocketLink implements Link {
  readonly kind = "websocket";
  readonly #socket: WebSocketLike;
  readonly #events: LinkEvents;
  #open = true;

  constructor(socket: WebSocketLike, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.onmessage = (message: Message) => this.#receive(message.data);
    socket.onclose = (close: Close) => this.#end(farewellOfClose(close.code, close.reason));
  }

  send(payload: Uint8Array): void {
    this.#write(FrameKind.data, payload);
  }

  sendDatagram(): boolean {
    return false;
  }

  ping(): void {
    this.#write(FrameKind.ping, NOTHING);
  }

  close(farewell: Farewell): void {
    if (!this.#open) return;
    this.#write(FrameKind.farewell, encodeFarewell(farewell));
    this.#socket.close(WEBSOCKET_BASE + farewell.code, farewell.reason);
    this.#end(farewell);
  }

  #write(kind: number, payload: Uint8Array): void {
    if (this.#open && this.#socket.readyState === OPEN) {
      this.#socket.send(messageFrame(kind, payload));
    }
  }

  #receive(data: unknown): void {
    if (!this.#open) return;
    try {
      if (!(data instanceof ArrayBuffer)) throw new FrameError("a text message");
      const frame = readMessageFrame(new Uint8Array(data));
      if (frame.kind === FrameKind.data) this.#events.frame(frame.payload);
      else if (frame.kind === FrameKind.pong) this.#events.pong();
      else if (frame.kind === FrameKind.ping) this.#write(FrameKind.pong, frame.payload);
      else this.#end(decodeFarewell(frame.payload));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.close({ code: PROTOCOL, reason: error.message });
    }
  }

  #end(farewell: Farewell): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#socket.readyState === OPEN) this.#socket.close();
    this.#events.closed(farewell);
  }
}

/** Dials a WebSocket at an address (`ws://` or `wss://`). */
export function webSocketDial(url: string, webSocket?: WebSocketConstructor): Dial {
  return (events, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const WebSocket = webSocket ?? globalThis.WebSocket;
      if (!WebSocket) throw new Error("there is no WebSocket here: give the option `webSocket`");
      const socket: WebSocketLike = new WebSocket(url, [SUBPROTOCOL]);
      socket.binaryType = "arraybuffer";
      // `onclose` follows and rejects; without a listener some packages throw.
      socket.onerror = () => {};
      const aborted = () => {
        socket.onopen = null;
        socket.onclose = null;
        socket.close();
        reject(signal.reason);
      };
      signal.addEventListener("abort", aborted, { once: true });
      socket.onopen = () => {
        signal.removeEventListener("abort", aborted);
        resolve(new WebSocketLink(socket, events));
      };
      socket.onclose = (close: Close) => {
        signal.removeEventListener("abort", aborted);
        reject(new Error(abrupt(close.reason || `no connection (${close.code})`).reason));
      };
    });
}
