/** One connection to the server, as bytes. Nothing here knows what the payloads mean. */

/** Which transport a link runs over. */
export type TransportKind = "webtransport" | "websocket" | "sse";

/** Why a connection ended: a code of `CLOSE_CODES` and a sentence for people. */
export interface Farewell {
  /** A code of `CLOSE_CODES`. */
  readonly code: number;
  /** A sentence for people. */
  readonly reason: string;
}

/** The code of a link that broke without a farewell. */
export const ABRUPT = 0;

/** The code for bytes that are not what the protocol allows. */
export const PROTOCOL = 2;

/** What a link tells its owner. After `closed` nothing follows. */
export interface LinkEvents {
  /** A reliable frame came, whole. */
  frame(payload: Uint8Array): void;
  /** A datagram came. */
  datagram(payload: Uint8Array): void;
  /** The answer to {@link Link.ping} came. */
  pong(): void;
  /** The link is gone. Called once. */
  closed(farewell: Farewell): void;
}

/** One open connection. */
export interface Link {
  /** The transport that it runs over. */
  readonly kind: TransportKind;
  /** Queues a frame; frames arrive in this order. */
  send(payload: Uint8Array): void;
  /** Sends a datagram, or returns false where the transport has none. */
  sendDatagram(payload: Uint8Array): boolean;
  /** Asks the other side for a sign of life. */
  ping(): void;
  /** Says why and closes. Does nothing on a closed link. */
  close(farewell: Farewell): void;
}

/** Opens a link. The promise rejects when it cannot be opened or the signal aborts first. */
export type Dial = (events: LinkEvents, signal: AbortSignal) => Promise<Link>;

/** The farewell of a link that broke without one. */
export function abrupt(reason: string): Farewell {
  return { code: ABRUPT, reason };
}
