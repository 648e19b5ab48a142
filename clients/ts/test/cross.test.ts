import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import {
  clientFrameFromBytes,
  clientFrameToBytes,
  serverFrameFromBytes,
  serverFrameToBytes,
} from "../src/generated/protocol.ts";

const SEED = 7;
const FRAMES = 100_000;
/** A kind byte and a length in four. */
const HEAD = 5;
/** Building the Rust side takes most of it, when nothing is built yet. */
const TIMEOUT_MS = 180_000;

/** The same frame, through a TypeScript value. */
function again(kind: number, payload: Uint8Array): Uint8Array {
  return kind === 0
    ? clientFrameToBytes(clientFrameFromBytes(payload))
    : serverFrameToBytes(serverFrameFromBytes(payload));
}

it(
  `${FRAMES} random frames cross from Rust to TypeScript and back`,
  async () => {
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    const crate = ["--quiet", "--package", "caffis-schema", "--example", "cross", "--"];
    const rust = spawn("cargo", ["run", ...crate, `${SEED}`, `${FRAMES}`], { cwd: root });
    let said = "";
    rust.stderr.on("data", (text) => {
      said += text;
    });
    const exit = once(rust, "exit");
    // Rust may end early because a frame differs: what it said then fails the test.
    rust.stdin.on("error", () => {});
    let frames = 0;
    let rest = Buffer.alloc(0);
    for await (const chunk of rust.stdout) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      const answers: Uint8Array[] = [];
      let at = 0;
      while (rest.length - at >= HEAD) {
        const end = at + HEAD + rest.readUInt32LE(at + 1);
        if (rest.length < end) {
          break;
        }
        const kind = rest.readUInt8(at);
        const payload = again(kind, new Uint8Array(rest.subarray(at + HEAD, end)));
        const head = Buffer.alloc(HEAD);
        head.writeUInt8(kind);
        head.writeUInt32LE(payload.length, 1);
        answers.push(head, payload);
        frames += 1;
        at = end;
      }
      rest = rest.subarray(at);
      if (!rust.stdin.write(Buffer.concat(answers))) {
        await Promise.race([once(rust.stdin, "drain"), exit]);
      }
    }
    rust.stdin.end();
    const [code] = await exit;
    expect({ code, said: said.trim() }).toEqual({
      code: 0,
      said: expect.stringMatching(/^100000 frames of \d+ bytes came back as they went$/),
    });
    expect(frames).toBe(FRAMES);
  },
  TIMEOUT_MS,
);
