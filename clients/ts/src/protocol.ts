/** The protocol's types and identifiers, for those who use the client. */

export * from "./codec/ids.ts";
export { DecodeError, EncodeError, type Unknown, type UnknownName } from "./codec/runtime.ts";
export * from "./generated/protocol.ts";
