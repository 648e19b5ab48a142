import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DecodeError, EncodeError } from "../src/codec/runtime.ts";
import {
  type ClientFrame,
  clientFrameFromBytes,
  clientFrameToBytes,
  FRAME_BYTES,
  type ServerFrame,
  serverFrameFromBytes,
  serverFrameToBytes,
  TEXT_BYTES,
} from "../src/generated/protocol.ts";

interface Vector {
  readonly name: string;
  readonly type: "ClientFrame" | "ServerFrame";
  readonly json: unknown;
  readonly hex: string;
}

const file = new URL("../../../schema/golden/frames.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as readonly Vector[];

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function decode(vector: Vector, bytes: Uint8Array): ClientFrame | ServerFrame {
  return vector.type === "ClientFrame" ? clientFrameFromBytes(bytes) : serverFrameFromBytes(bytes);
}

function encode(vector: Vector, frame: ClientFrame | ServerFrame): Uint8Array {
  return vector.type === "ClientFrame"
    ? clientFrameToBytes(frame as ClientFrame)
    : serverFrameToBytes(frame as ServerFrame);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Every scalar of a value in JSON's form, with the way to it; kinds are part of the way. */
function* jsonLeaves(value: unknown, way: string): Generator<string> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* jsonLeaves(item, `${way}.${index}`);
    }
  } else if (value !== null && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) {
      yield* jsonLeaves(item, `${way}.${camelCase(key)}`);
    }
  } else {
    yield `${way}=${JSON.stringify(value)}`;
  }
}

/** Kinds that carry nothing, in enums that grow. */
const EMPTY = new Set(
  "ping done open cancelled closed hidden drafts mentioned starred thread_drafts".split(" "),
);

/** The same of a value in TypeScript's form, where a kind is `{ type, value }`. */
function* typeScriptLeaves(value: unknown, way: string): Generator<string> {
  if (value instanceof Uint8Array) {
    yield `${way}=${JSON.stringify(Buffer.from(value).toString("base64"))}`;
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* typeScriptLeaves(item, `${way}.${index}`);
    }
  } else if (value !== null && typeof value === "object") {
    const { type, value: payload, ...rest } = value as Record<string, unknown>;
    if (typeof type !== "string") {
      for (const [key, item] of Object.entries(rest)) {
        yield* typeScriptLeaves(item, `${way}.${key}`);
      }
    } else if (type === "unknown") {
      yield* typeScriptLeaves(rest, `${way}.unknown`);
    } else if (payload !== undefined) {
      yield* typeScriptLeaves(payload, `${way}.${camelCase(type)}`);
    } else if (EMPTY.has(type)) {
      // JSON has an empty object there: no leaf.
    } else {
      yield `${way}=${JSON.stringify(type)}`;
    }
  } else {
    yield `${way}=${JSON.stringify(value)}`;
  }
}

describe.each(vectors)("$name", (vector) => {
  const bytes = fromHex(vector.hex);

  it("decodes and encodes to the same bytes", () => {
    expect(toHex(encode(vector, decode(vector, bytes)))).toBe(vector.hex);
  });

  it("means what its JSON says", () => {
    const decoded = [...typeScriptLeaves(decode(vector, bytes), "")];
    expect(decoded).toEqual([...jsonLeaves(vector.json, "")]);
  });

  it("is refused when it is truncated or has bytes left over", () => {
    for (let end = 0; end < Math.min(bytes.length, 400); end += 1) {
      expect(() => decode(vector, bytes.subarray(0, end))).toThrow(DecodeError);
    }
    expect(() => decode(vector, new Uint8Array([...bytes, 0]))).toThrow(DecodeError);
  });
});

describe("strictness", () => {
  const refused: readonly (readonly [string, readonly number[]])[] = [
    ["an overlong kind", [0x80, 0x00, 1, 2, 0]],
    ["an overlong id", [0, 0x81, 0x00, 2, 0]],
    ["an overlong tag", [0, 1, 0x82, 0x00, 0]],
    ["an overlong length", [0, 1, 2, 0x80, 0x00]],
    ["an id over 32 bits", [0, 0xff, 0xff, 0xff, 0xff, 0x1f, 2, 0]],
    ["no such kind of frame", [2, 1, 2, 0]],
    ["a boolean of 2", [0, 1, 21, 1, 2]],
    ["an option of 2", [0, 1, 4, 3, 2, 0, 1]],
    ["no such anchor", [0, 1, 16, 3, 0, 4, 50]],
    ["a byte after a payload without fields", [0, 1, 2, 1, 0]],
    ["a byte after a payload", [0, 1, 14, 2, 1, 0]],
    ["an overlong room", [0, 1, 14, 2, 0x81, 0x00]],
    [
      "a room over 2^63 - 1",
      [0, 1, 14, 10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ],
    ["a number over 2^53 - 1", [0, 1, 18, 9, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["invalid UTF-8", [0, 1, 1, 3, 2, 0xc3, 0x28]],
    ["half a surrogate pair", [0, 1, 1, 4, 3, 0xed, 0xa0, 0x80]],
    ["an empty user id", [0, 1, 6, 1, 0]],
    ["a control character in a user id", [0, 1, 6, 2, 1, 7]],
    ["a list that only claims to be long", [0, 1, 22, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]],
    ["a text that only claims to be long", [0, 1, 1, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]],
    ["a payload that only claims to be long", [0, 1, 99, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]],
  ];

  it.each(refused)("refuses %s", (_, bytes) => {
    expect(() => clientFrameFromBytes(new Uint8Array(bytes))).toThrow(DecodeError);
  });

  it("refuses a frame over the limit before it reads it", () => {
    expect(() => clientFrameFromBytes(new Uint8Array(FRAME_BYTES + 1))).toThrow(DecodeError);
  });

  function send(text: string): ClientFrame {
    const send = vectors.find((vector) => vector.name === "command send, text");
    const frame = clientFrameFromBytes(fromHex(send?.hex ?? ""));
    if (frame.type !== "request" || frame.value.command.type !== "send") {
      throw new Error("not a send");
    }
    const body = { type: "text", value: { text } } as const;
    const value = { ...frame.value.command.value, body };
    return { type: "request", value: { id: 1, command: { type: "send", value } } };
  }

  it("carries the longest text and refuses a byte more", () => {
    const longest = "🫘".repeat(TEXT_BYTES / 4);
    expect(clientFrameFromBytes(clientFrameToBytes(send(longest)))).toEqual(send(longest));
    expect(() => clientFrameToBytes(send(`${longest}x`))).toThrow(EncodeError);
  });

  it("refuses numbers that are not whole, negative or too large", () => {
    for (const id of [-1, 0.5, Number.NaN, 2 ** 32]) {
      const frame: ClientFrame = { type: "request", value: { id, command: { type: "ping" } } };
      expect(() => clientFrameToBytes(frame)).toThrow(EncodeError);
    }
  });

  it("does not send a known kind as an unknown one", () => {
    const unknown = { type: "unknown", tag: 0, bytes: new Uint8Array() } as const;
    expect(() => clientFrameToBytes({ type: "signal", value: unknown })).toThrow(EncodeError);
  });
});
