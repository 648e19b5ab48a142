/** What the reader and the writer share. */

/** Bytes that are not what the protocol allows. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** A value that the protocol cannot carry. */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
}

/** A name that is newer than this build, by its tag. */
export type UnknownName = `unknown:${number}`;

/** A kind that is newer than this build, kept as it came. */
export interface Unknown {
  /** Tells it from the kinds that this build knows. */
  readonly type: "unknown";
  /** The tag of the kind on the wire. */
  readonly tag: number;
  /** Its payload, undecoded. */
  readonly bytes: Uint8Array;
}

/** Control characters, which no user id has. */
export const CONTROL = /\p{Cc}/u;
