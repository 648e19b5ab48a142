// What a reader does with each document, from its first command to its last.

import assert from "node:assert/strict";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertShown, EXAMPLES, sameValue, where } from "./blocks.mjs";
import { end, freePort, serve, until } from "./processes.mjs";
import { play, Session } from "./session.mjs";

/** The address of the server in the documents. */
const ADDRESS = "http://localhost:5002";
/** The secret of the source `main`. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** A development server in a folder, and a terminal beside it. */
async function beside(folder, more = {}) {
  const env = { CAFFIS_DEV: "true", CAFFIS_DATA: join(folder, "caffis-data"), ...more };
  const server = await serve(folder, ["--listen", "127.0.0.1:0"], env);
  return { server, session: new Session(folder, env) };
}

/** `docs/api.md`: the whole walk, and what else the page shows. */
export async function api(blocks, folder) {
  const { server, session } = await beside(folder);
  session.replace(ADDRESS, server.url);
  let last = "";
  const other = async (block, came) => {
    if (block.text.startsWith('{"room"')) {
      writeFileSync(join(folder, "old.ndjson"), block.text);
      return true;
    }
    if (block.text.includes('"code"')) {
      // The key of the walk's message, for another one.
      return session.run(`curl -sS "$CHAT/api/chat/rooms/$ROOM/messages" \\
        -H "Authorization: Bearer $KEY" -H "Idempotency-Key: $ONCE" -H 'Content-Type: application/json' \\
        -d '{"body": {"system": {"notice": {"text": "Another one"}}}}'`);
    }
    if (block.text.startsWith('{"lines"')) {
      assertShown(block, came);
      const first = JSON.parse(came);
      const again = JSON.parse(await session.run(last));
      assert.deepEqual(again, { ...first, created: 0, unchanged: first.created }, where(block));
      return true;
    }
    return undefined;
  };
  const before = ({ text }) => {
    last = text;
  };
  await play(blocks, session, { before, other });
}

/** `docs/operations.md`: a backup of a running server, restored into another folder. */
export async function operations(blocks, folder) {
  const { session } = await beside(folder);
  await session.run("caffis-chat keys create --name before --scope rooms");
  await play(blocks, session);
  const keys = await session.run("CAFFIS_DATA=new-folder caffis-chat keys list");
  assert.match(keys, /^before$/m, "the restored store has the key");
}

/** The events of a stream: kinds, and data. */
function eventsOf(text) {
  const events = text
    .replace(/\n+$/, "")
    .split("\n\n")
    .map((event) => /^(?:event: (.*)\n)?data: (.*)$/.exec(event));
  return events.filter(Boolean).map(([, kind, data]) => ({ kind: kind ?? "message", data }));
}

/** `docs/protocol.md`: where to connect, and a stream of events from hello to farewell. */
export async function protocol(blocks, folder) {
  const times = { CAFFIS_IDLE_TIMEOUT: "4s", CAFFIS_IDLE_PING: "1s", CAFFIS_ACTIVE_PING: "1s" };
  const { server, session } = await beside(folder, times);
  session.replace("https://chat.example", server.url);
  const hello = blocks.find(({ text }) => text.includes('"hello"'));
  const stream = () => {
    const text = readFileSync(join(folder, "events.txt"), "utf8");
    return eventsOf(text.slice(0, text.lastIndexOf("\n\n")));
  };
  const before = async () => {
    const token = await session.run("caffis-chat token --user ana");
    const frame = JSON.stringify(JSON.parse(hello.text)).replace("<token>", token.trim());
    await session.run(`HELLO='${frame}'`);
  };
  let pending = null;
  const other = async (block) => {
    if (block === hello) {
      const [, answer] = await until("an answer", () => stream().length > 1 && stream());
      const { welcome } = JSON.parse(answer.data).reply.result.ok;
      assert.equal(welcome.profile.user, "ana", where(block));
      return true;
    }
    if (block.text.startsWith("event: ")) {
      // What it shows comes by and by, until the end.
      pending = block;
      return true;
    }
    const shown = JSON.parse(block.text);
    const answer = await (await fetch(`${server.url}/api/chat/connect`)).json();
    assert.ok(Object.keys(answer.limits).length > 0);
    for (const part of ["webtransport", "quic"]) shown[part].port = server.quic;
    const got = JSON.stringify({ ...answer, limits: {} });
    assert.ok(sameValue(shown, JSON.parse(got)), `${where(block)}: what came is\n${got}`);
    return true;
  };
  await play(blocks, session, { before, other });
  // It pings whoever is silent, and says farewell when it goes.
  await until("a ping", () => stream().some(({ kind }) => kind === "ping"));
  await end(server.child);
  const shown = eventsOf(pending.text);
  const came = stream();
  const first = (kind) => came.find((event) => event.kind === kind);
  assert.deepEqual(
    shown.map(({ kind }) => kind),
    [...new Set(came.map(({ kind }) => kind))],
    where(pending),
  );
  assert.match(first("stream").data, /^[0-9a-f]{48}$/);
  assert.match(shown[0].data, /^[0-9a-f]+…48 hexadecimal digits$/);
  const [start, ending] = shown[1].data.split("…");
  assert.ok(first("message").data.startsWith(start), where(pending));
  assert.ok(first("message").data.endsWith(ending), where(pending));
  assert.equal(first("ping").data, shown[2].data);
  assert.equal(first("farewell").data, shown[3].data);
}

/** `examples/README.md`: the kits in Python, and a Slack export that is brought in twice. */
export async function examples(blocks, folder) {
  const { server, session } = await beside(folder, {
    CAFFIS_HOOK_SECRETS: `main:${SECRET}`,
    CAFFIS_HOOK_KINDS: "main:*",
  });
  const port = await freePort();
  session.replace(ADDRESS, server.url);
  session.replace("whsec_…", SECRET);
  session.replace("receive.py 8090", `receive.py ${port}`);
  symlinkSync(join(EXAMPLES, "python"), join(folder, "python"));
  await play(blocks, session);
  const script = "python python/import_slack.py python/slack-export people.json";
  const report = JSON.parse(await session.run(script));
  assert.equal(report.unchanged, report.lines, "nothing comes twice");
  await until("the receiver", () => fetch(`http://127.0.0.1:${port}`).catch(() => null));
}
