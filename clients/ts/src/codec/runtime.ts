/**
 * Reads and writes postcard, strictly: one encoding belongs to each value.
 *
 * The generated codec is made of these methods. Lengths are checked against their maximum and
 * against the bytes that are there before anything is allocated.
 */

import { Reader } from "./reader.ts";
import { DecodeError, EncodeError } from "./shared.ts";
import { Writer } from "./writer.ts";

export { Reader } from "./reader.ts";
export { DecodeError, EncodeError, type Unknown, type UnknownName } from "./shared.ts";
export { Writer } from "./writer.ts";

/** Encodes one value, which may take at most so many bytes. */
export function toBytes<T>(
  encode: (w: Writer, value: T) => void,
  value: T,
  maximum: number,
): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  encode(writer, value);
  const bytes = writer.finish();
  if (bytes.length > maximum) {
    throw new EncodeError(`${bytes.length} bytes are over the maximum of ${maximum}`);
  }
  return bytes;
}

/** Decodes one value, which has to fill the bytes. */
export function fromBytes<T>(decode: (r: Reader) => T, bytes: Uint8Array, maximum: number): T {
  if (bytes.length > maximum) {
    throw new DecodeError(`${bytes.length} bytes are over the maximum of ${maximum}`);
  }
  const reader = new Reader(bytes);
  const value = decode(reader);
  reader.finish();
  return value;
}
