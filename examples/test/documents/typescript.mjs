// The examples of the TypeScript client: they compile against what it exports, and do what they say in Node.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, where } from "./blocks.mjs";
import { run, serve } from "./processes.mjs";

const CLIENT = join(PROJECT, "clients/ts");
const OPTIONS = "--noEmit --strict --skipLibCheck --target ES2023 --module ESNext --types node";
/** What takes the place of a browser's address, and of the application around the examples. */
const NAMES = ["server", "device", "getToken", "fetchToken", "render", "room"];

/** For the compiler: what the application has of its own. */
const DECLARED = `import type { ChatClientOptions, DeviceId, RoomId, TokenReason } from "@caffis/chat";
export declare const server: string;
export declare const device: DeviceId;
export declare const getToken: ChatClientOptions["getToken"];
export declare function fetchToken(reason: TokenReason, signal: AbortSignal): Promise<string | null>;
export declare function render(rooms: unknown): void;
export declare const room: RoomId;
`;

/** For Node: the same, and how to wait for a message. */
const REAL = `import { randomDeviceId } from "@caffis/chat";
export const { CHAT: server, ROOM: room } = process.env;
export const device = randomDeviceId();
export const fetchToken = async () => process.env.TOKEN;
export const getToken = fetchToken;
export const rendered = [];
export const render = (rooms) => rendered.push(rooms);
globalThis.location = { origin: server };
/** Resolves once the server has told of a message, and gives the transport. */
export function arrived(client, text) {
  return new Promise((resolve) => {
    const look = () => {
      const { entries } = client.room(room).getSnapshot();
      if (JSON.stringify(entries).includes(text)) resolve(client.connection.getSnapshot().transport);
    };
    client.room(room).subscribe(look);
    look();
  });
}
`;

/** What follows an example when it is run, by a word in it: it has to have done what it says. */
const ENDINGS = {
  "client.dispose();": (text) => `${text.replace(
    "client.dispose();",
    'const transport = await arrived(client, "Ciao!");\nclient.dispose();',
  )}
if (transport !== "sse") throw new Error(\`it uses \${transport}\`);
if (rendered.length === 0) throw new Error("nothing is rendered");
`,
  "webSocket: WebSocket": (text) => `${text}
await client.open(room);
client.send(room, "Over a socket");
const transport = await arrived(client, "Over a socket");
if (transport !== "websocket") throw new Error(\`it uses \${transport}\`);
client.dispose();
`,
};

/** A module around an example. What earlier examples import is there. */
function moduleOf({ text }) {
  const sdk = /import .*"@caffis\/chat"/.test(text)
    ? ""
    : 'import { ChatClient } from "@caffis/chat";\n';
  return { before: `${sdk}import { ${NAMES.join(", ")} } from "./given.js";\n`, text };
}

/** Checks and runs the examples of a document. */
export async function typescript(blocks, folder) {
  assert.ok(existsSync(join(CLIENT, "dist/index.js")), "run `npm run build` in clients/ts");
  mkdirSync(join(folder, "node_modules/@caffis"), { recursive: true });
  symlinkSync(CLIENT, join(folder, "node_modules/@caffis/chat"));
  for (const name of ["ws", "@types"]) {
    symlinkSync(join(CLIENT, "node_modules", name), join(folder, "node_modules", name));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "given.d.ts"), DECLARED);
  writeFileSync(join(folder, "given.js"), REAL);
  const env = await application(folder);
  for (const [index, block] of blocks.entries()) {
    const { before, text } = moduleOf(block);
    const name = `example-${index}`;
    writeFileSync(join(folder, `${name}.ts`), before + text);
    const compiler = join(CLIENT, "node_modules/.bin/tsc");
    const options = [...OPTIONS.split(" "), "--moduleResolution", "Bundler", `${name}.ts`];
    const compiled = await run(compiler, options, { cwd: folder });
    assert.equal(compiled.code, 0, `${where(block)}: ${compiled.out}${compiled.err}`);
    const ending = Object.entries(ENDINGS).find(([word]) => text.includes(word))?.[1];
    assert.ok(ending, `${where(block)}: nothing says what it has to do`);
    const imports = 'import { arrived, rendered } from "./given.js";\n';
    // It has no types of its own, so Node takes it as it is.
    writeFileSync(join(folder, `${name}.mjs`), before + imports + ending(text));
    const ran = await run(process.execPath, [`${name}.mjs`], { cwd: folder, env });
    assert.equal(ran.code, 0, `${where(block)}: ${ran.err}`);
    block.checked = true;
  }
}

/** A server with a person who has a room, as variables. */
async function application(folder) {
  const { url } = await serve(folder, ["--dev", "--listen", "127.0.0.1:0"]);
  const asked = { method: "POST", body: '{"user": "giulia"}' };
  const headers = { "content-type": "application/json" };
  const { token } = await (await fetch(`${url}/api/chat/dev/token`, { ...asked, headers })).json();
  const authorization = `Bearer ${token}`;
  const listed = await (
    await fetch(`${url}/api/chat/rooms`, { headers: { authorization } })
  ).json();
  return { PATH: process.env.PATH, CHAT: url, TOKEN: token, ROOM: listed.rooms[0].room };
}
