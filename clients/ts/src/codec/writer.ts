import type { RoomId, UserId } from "./ids.ts";
import { CONTROL, EncodeError, type Unknown } from "./shared.ts";

const textEncoder = new TextEncoder();
const ROOM = /^[0-7][0-9a-f]{15}$/;

/** Writes values to bytes that grow as needed. */
export class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** What was written; a copy. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
  }

  /** One byte. */
  u8(value: number): void {
    this.#check(value, 0xff);
    this.#room(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** One byte, 0 or 1. */
  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** A varint of at most 16 bits. */
  u16(value: number): void {
    this.#check(value, 0xffff);
    this.#varint(value);
  }

  /** A varint of at most 32 bits. */
  u32(value: number): void {
    this.#check(value, 0xffff_ffff);
    this.#varint(value);
  }

  /** A varint of at most 53 bits. */
  u64(value: number): void {
    this.#check(value, Number.MAX_SAFE_INTEGER);
    this.#varint(value);
  }

  #check(value: number, maximum: number): void {
    if (!Number.isInteger(value) || value < 0 || value > maximum) {
      throw new EncodeError(`${value} is not an integer from 0 to ${maximum}`);
    }
  }

  #varint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest % 0x80) + 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  #sizedBytes(bytes: Uint8Array, maximum: number): void {
    if (bytes.length > maximum) {
      throw new EncodeError(`${bytes.length} bytes are over the maximum of ${maximum}`);
    }
    this.#varint(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** UTF-8 text of at most so many bytes; half a surrogate pair becomes U+FFFD. */
  text(value: string, maximum: number): void {
    // Every character takes at least a byte, so a text that is far too long is not encoded first.
    if (value.length > maximum) {
      throw new EncodeError(`${value.length} characters are over the maximum of ${maximum} bytes`);
    }
    this.#sizedBytes(textEncoder.encode(value), maximum);
  }

  /** At most so many bytes. */
  blob(value: Uint8Array, maximum: number): void {
    this.#sizedBytes(value, maximum);
  }

  /** At most so many items. */
  list<T>(items: readonly T[], maximum: number, item: (w: Writer, value: T) => void): void {
    if (items.length > maximum) {
      throw new EncodeError(`${items.length} items are over the maximum of ${maximum}`);
    }
    this.#varint(items.length);
    for (const value of items) {
      item(this, value);
    }
  }

  /** A value or null. */
  option<T>(value: T | null, some: (w: Writer, value: T) => void): void {
    this.bool(value !== null);
    if (value !== null) {
      some(this, value);
    }
  }

  /** A kind: its tag, then its payload behind a length. */
  tagged<T>(tag: number, encode: (w: Writer, value: T) => void, value: T): void {
    this.u32(tag);
    // Most payloads are shorter than 128 bytes: their length takes one byte.
    this.u8(0);
    const start = this.#length;
    encode(this, value);
    const length = this.#length - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return;
    }
    const extra = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 3;
    this.#room(extra);
    this.#bytes.copyWithin(start + extra, start, this.#length);
    this.#length = start - 1;
    this.#varint(length);
    this.#length = start + extra + length;
  }

  /** A kind without fields. */
  empty(tag: number): void {
    this.u32(tag);
    this.u8(0);
  }

  /** A kind that is newer than this build, which knows so many, as it came. */
  unknown(value: Unknown, known: number, maximum: number): void {
    if (value.tag < known) {
      throw new EncodeError(`the kind ${value.tag} is known`);
    }
    this.u32(value.tag);
    this.blob(value.bytes, maximum);
  }

  /** One of some names, by its index. */
  choice(names: readonly string[], name: string): void {
    const index = names.indexOf(name);
    if (index < 0) {
      throw new EncodeError(`${name} is not one of ${names.join(", ")}`);
    }
    this.u32(index);
  }

  /** One of some names that will grow, or `unknown:` and its tag. */
  openChoice(names: readonly string[], name: string): void {
    const index = names.indexOf(name);
    this.empty(index < 0 && name.startsWith("unknown:") ? Number(name.slice(8)) : index);
  }

  /** 32 hexadecimal digits as 16 bytes. */
  hex(digits: string): void {
    if (!/^[0-9a-f]{32}$/.test(digits)) {
      throw new EncodeError("not 32 hexadecimal digits");
    }
    for (let index = 0; index < 32; index += 2) {
      this.u8(Number.parseInt(digits.slice(index, index + 2), 16));
    }
  }

  /** A room id: 16 hexadecimal digits below 2^63 as a varint. */
  roomId(digits: RoomId): void {
    if (!ROOM.test(digits)) {
      throw new EncodeError("not a room id");
    }
    const high = Number.parseInt(digits.slice(0, 9), 16);
    let low = Number.parseInt(digits.slice(9), 16);
    if (high === 0) {
      this.#varint(low);
      return;
    }
    this.#room(10);
    for (let group = 0; group < 4; group += 1) {
      this.#bytes[this.#length] = (low % 0x80) + 0x80;
      this.#length += 1;
      low = Math.floor(low / 0x80);
    }
    this.#varint(high);
  }

  /** A user id: 1 to 64 bytes without control characters. */
  userId(text: UserId): void {
    if (text.length === 0 || CONTROL.test(text)) {
      throw new EncodeError("not a user id");
    }
    this.text(text, 64);
  }
}
