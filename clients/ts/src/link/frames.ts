/** The framing of streams and messages: kind byte, payload length as LEB128 (streams only), payload. */

import { ABRUPT, type Farewell } from "./link.ts";

/** What a frame is for. */
export const FrameKind = {
  /** A payload of the layer above. */
  data: 0,
  /** The last frame: why the connection ends. */
  farewell: 1,
  /** Asks for a pong with the same payload. */
  ping: 2,
  /** Answers a ping. */
  pong: 3,
} as const;

/** The largest payload of a data frame in bytes. */
export const MAX_FRAME = 256 * 1024;
const MAX_FAREWELL_REASON = 120;
const MAX_FAREWELL = 3 + 2 + MAX_FAREWELL_REASON;
const MAX_PING = 8;
const MAX_VARINT = 5;
/** On WebSocket, the close code is this plus the farewell's code. */
export const WEBSOCKET_BASE = 4000;

/** A frame, whole. */
export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** Bytes that are no valid frame. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

function limitOf(kind: number): number {
  switch (kind) {
    case FrameKind.data:
      return MAX_FRAME;
    case FrameKind.farewell:
      return MAX_FAREWELL;
    case FrameKind.ping:
    case FrameKind.pong:
      return MAX_PING;
    default:
      throw new FrameError(`a frame of unknown kind ${kind}`);
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** A number at an offset and the offset after it; null when more bytes are needed. */
function readVarint(bytes: Uint8Array, offset: number): { value: number; end: number } | null {
  let value = 0;
  for (let index = 0; index < MAX_VARINT; index += 1) {
    const byte = bytes[offset + index];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      if ((byte === 0 && index > 0) || value > 0xffff_ffff) break;
      return { value, end: offset + index + 1 };
    }
  }
  throw new FrameError("a malformed frame length");
}

/** A frame as it goes on a stream. */
export function streamFrame(kind: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = [kind, ...varint(payload.length)];
  const bytes = new Uint8Array(header.length + payload.length);
  bytes.set(header);
  bytes.set(payload, header.length);
  return bytes;
}

/** A frame as it goes in a WebSocket message. */
export function messageFrame(kind: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + payload.length);
  bytes[0] = kind;
  bytes.set(payload, 1);
  return bytes;
}

/** The frame in a WebSocket message. */
export function readMessageFrame(message: Uint8Array): Frame {
  const kind = message[0];
  if (kind === undefined) throw new FrameError("a message without a kind byte");
  if (message.length - 1 > limitOf(kind)) throw new FrameError("a frame over the limit");
  return { kind, payload: message.subarray(1) };
}

/** The payload of a farewell frame: code, length of the reason, reason. */
export function encodeFarewell(farewell: Farewell): Uint8Array<ArrayBuffer> {
  const reason = new TextEncoder().encode(farewell.reason).slice(0, MAX_FAREWELL_REASON);
  const header = [...varint(farewell.code), ...varint(reason.length)];
  const bytes = new Uint8Array(header.length + reason.length);
  bytes.set(header);
  bytes.set(reason, header.length);
  return bytes;
}

/** The farewell in the payload of a farewell frame. */
export function decodeFarewell(payload: Uint8Array): Farewell {
  const code = readVarint(payload, 0);
  const length = code && readVarint(payload, code.end);
  if (!length || code.value > 0xffff || payload.length - length.end !== length.value) {
    throw new FrameError("a malformed farewell");
  }
  const reason = new TextDecoder().decode(payload.subarray(length.end));
  return { code: code.value, reason };
}

/** The farewell that a WebSocket's close code and reason carry. */
export function farewellOfClose(code: number, reason: string): Farewell {
  if (code >= WEBSOCKET_BASE && code < WEBSOCKET_BASE + 1000) {
    return { code: code - WEBSOCKET_BASE, reason };
  }
  return { code: ABRUPT, reason: reason || `the connection closed (${code})` };
}

/** Cuts a stream of bytes, arriving in any pieces, into frames. */
export class FrameReader {
  #buffer: Uint8Array = new Uint8Array(0);

  /** Takes in the next piece and gives the frames that are whole now. */
  *push(piece: Uint8Array): Generator<Frame> {
    this.#buffer = this.#buffer.length === 0 ? piece : join(this.#buffer, piece);
    let offset = 0;
    try {
      for (;;) {
        const kind = this.#buffer[offset];
        if (kind === undefined) return;
        const limit = limitOf(kind);
        const length = readVarint(this.#buffer, offset + 1);
        if (length === null) return;
        if (length.value > limit) throw new FrameError("a frame over the limit");
        const end = length.end + length.value;
        if (end > this.#buffer.length) return;
        const payload = this.#buffer.subarray(length.end, end);
        offset = end;
        yield { kind, payload };
      }
    } finally {
      this.#buffer = this.#buffer.slice(offset);
    }
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
