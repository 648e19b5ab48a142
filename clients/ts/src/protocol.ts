/** The protocol's types and identifiers, for those who use the client. */

export * from "./codec/ids.ts";
export { DecodeError, EncodeError, type Unknown, type UnknownName } from "./codec/runtime.ts";
export * from "./generated/protocol.ts";

/** The time that never comes: until then a room is muted for ever. */
export const FOR_EVER: number = Number.MAX_SAFE_INTEGER;
