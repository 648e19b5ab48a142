import type { RoomId, UserId } from "./ids.ts";
import { CONTROL, DecodeError, type UnknownName } from "./shared.ts";

// A byte order mark is text like any other.
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** Reads values from bytes, front to back. */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;
  #end: number;

  /** Reads from these bytes, which must not change in the meantime. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Throws unless every byte was read. */
  finish(): void {
    if (this.#offset !== this.#end) {
      throw new DecodeError(`${this.#end - this.#offset} bytes are left over`);
    }
  }

  /** One byte. */
  u8(): number {
    const byte = this.#offset < this.#end ? this.#bytes[this.#offset] : undefined;
    if (byte === undefined) {
      throw new DecodeError("truncated");
    }
    this.#offset += 1;
    return byte;
  }

  /** One byte, 0 or 1. */
  bool(): boolean {
    const byte = this.u8();
    if (byte > 1) {
      throw new DecodeError(`${byte} is not a boolean`);
    }
    return byte === 1;
  }

  /** A varint of at most 16 bits. */
  u16(): number {
    return this.#varint(0xffff);
  }

  /** A varint of at most 32 bits. */
  u32(): number {
    return this.#varint(0xffff_ffff);
  }

  /** A varint of at most 64 bits, refused above 2^53 - 1, where numbers lose count. */
  u64(): number {
    return this.#varint(Number.MAX_SAFE_INTEGER);
  }

  #varint(maximum: number): number {
    let byte = this.u8();
    if (byte < 0x80) {
      return byte;
    }
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (value > maximum || scale > 2 ** 63) {
        throw new DecodeError(`a number over ${maximum}`);
      }
    } while (byte >= 0x80);
    if (byte === 0) {
      throw new DecodeError("an overlong varint");
    }
    return value;
  }

  #take(length: number): Uint8Array {
    const start = this.#offset;
    if (length > this.#end - start) {
      throw new DecodeError("truncated");
    }
    this.#offset = start + length;
    return this.#bytes.subarray(start, this.#offset);
  }

  #length(maximum: number): number {
    const length = this.u32();
    if (length > maximum) {
      throw new DecodeError(`${length} is over the maximum of ${maximum}`);
    }
    return length;
  }

  /** UTF-8 text of at most so many bytes. */
  text(maximum: number): string {
    const bytes = this.#take(this.#length(maximum));
    try {
      return textDecoder.decode(bytes);
    } catch {
      throw new DecodeError("invalid UTF-8");
    }
  }

  /** At most so many bytes; a copy. */
  blob(maximum: number): Uint8Array {
    return this.#take(this.#length(maximum)).slice();
  }

  /** At most so many items. */
  list<T>(maximum: number, item: (r: Reader) => T): T[] {
    const length = this.#length(maximum);
    const items: T[] = [];
    for (let index = 0; index < length; index += 1) {
      items.push(item(this));
    }
    return items;
  }

  /** A value or null. */
  option<T>(some: (r: Reader) => T): T | null {
    return this.bool() ? some(this) : null;
  }

  /** A value behind its length, which it has to fill. */
  sized<T>(decode: (r: Reader) => T): T {
    const length = this.u32();
    const outer = this.#end;
    if (length > outer - this.#offset) {
      throw new DecodeError("truncated");
    }
    this.#end = this.#offset + length;
    const value = decode(this);
    this.finish();
    this.#end = outer;
    return value;
  }

  /** A payload without fields behind its length. */
  empty(): void {
    if (this.u32() !== 0) {
      throw new DecodeError("bytes after the payload");
    }
  }

  /** One of some names, by its index. */
  choice<const Names extends readonly string[]>(names: Names): Names[number] {
    const index = this.u32();
    const name = names[index];
    if (name === undefined) {
      throw new DecodeError(`no variant ${index}`);
    }
    return name;
  }

  /** One of some names that will grow, or `unknown:` and its tag. */
  openChoice<const Names extends readonly string[]>(names: Names): Names[number] | UnknownName {
    const tag = this.u32();
    this.empty();
    return names[tag] ?? `unknown:${tag}`;
  }

  /** 16 bytes as 32 hexadecimal digits. */
  hex(): string {
    let text = "";
    for (const byte of this.#take(16)) {
      text += HEX_BYTES[byte];
    }
    return text;
  }

  /** A room id: a varint below 2^63 as 16 hexadecimal digits. */
  roomId(): RoomId {
    // Four groups of seven bits are seven digits; the other five groups are nine.
    let low = 0;
    let high = 0;
    for (let group = 0; group < 9; group += 1) {
      const byte = this.u8();
      if (group < 4) {
        low += (byte & 0x7f) * 2 ** (7 * group);
      } else {
        high += (byte & 0x7f) * 2 ** (7 * (group - 4));
      }
      if (byte < 0x80) {
        if (byte === 0 && group > 0) {
          throw new DecodeError("an overlong varint");
        }
        const digits = high.toString(16).padStart(9, "0") + low.toString(16).padStart(7, "0");
        return digits as RoomId;
      }
    }
    throw new DecodeError("a room id over 2^63 - 1");
  }

  /** A user id: 1 to 64 bytes without control characters. */
  userId(): UserId {
    const text = this.text(64);
    if (text === "" || CONTROL.test(text)) {
      throw new DecodeError("not a user id");
    }
    return text as UserId;
  }
}
