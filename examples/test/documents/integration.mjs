// `docs/integration.md`: the walk, users from PostgreSQL, and an endpoint that is made, told, refuses, and is told again.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { EXAMPLES, read, where } from "./blocks.mjs";
import { postgres } from "./postgres.mjs";
import { closeLater, freePort, run, until } from "./processes.mjs";
import { play, Session } from "./session.mjs";

const DOCUMENT = "docs/integration.md";

/** A service that keeps what comes, and answers with its `status`. */
async function receiver() {
  const service = { status: 204, came: [] };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString("utf8");
    service.came.push({ headers: request.headers, url: request.url, body });
    response.writeHead(service.status).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  service.url = `http://127.0.0.1:${server.address().port}`;
  closeLater(() => {
    server.close();
    server.closeAllConnections();
  });
  return service;
}

/** A request as a block shows it: its path, its headers and the outline of its body. */
function requestOf(block) {
  const [head, body] = block.text.split("\n\n");
  const [request, ...lines] = head.split("\n");
  const headers = new Map(lines.map((line) => /^([a-z-]+): (\S+)/.exec(line).slice(1)));
  return { path: request.split(" ")[1], headers, body: body.trim() };
}

/** The first event of a kind that the document shows. */
function eventOf(kind) {
  const blocks = read(DOCUMENT).matchAll(/```json\n([\s\S]*?)```/g);
  return [...blocks].map(([, text]) => JSON.parse(text)).find(({ type }) => type === kind);
}

/** The story of one run. */
class Story {
  constructor(session, chat, service) {
    Object.assign(this, { session, chat, service });
  }

  /** Sends an event as a request shows it, signed by hand as the text says. */
  async send({ path, headers }, event, id) {
    const secret = (await this.session.run('printf %s "$IN"')).replace("whsec_", "");
    const time = `${Math.floor(Date.now() / 1_000)}`;
    const body = JSON.stringify(event);
    const digest = createHmac("sha256", Buffer.from(secret, "base64"));
    const signature = digest.update(`${id}.${time}.${body}`).digest("base64");
    const values = [id, time, `v1,${signature}`, "application/json"];
    const named = [...headers.keys()].map((name, index) => [name, values[index]]);
    const url = `${this.chat}${path.replace("{source}", "main")}`;
    const answer = await fetch(url, { method: "POST", headers: named, body });
    const said = await answer.text();
    assert.equal(answer.status, 200, said);
    return JSON.parse(said);
  }

  /** Somebody writes in the room of the booking, and the endpoint hears of it. */
  async write(text) {
    const before = this.service.came.length;
    const token = await this.session.run("caffis-chat token --user u_81");
    // A UUID of version 7.
    const time = Date.now().toString(16).padStart(12, "0");
    const random = randomBytes(9).toString("hex");
    const answer = await fetch(`${this.chat}/api/chat/rooms/${this.room}/messages`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token.trim()}`,
        "idempotency-key": `${time}7${random.slice(0, 3)}a${random.slice(3)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ body: { text: { text } } }),
    });
    assert.equal(answer.status, 200, await answer.text());
    await until("a webhook", () => this.service.came.length > before);
    return this.service.came.at(-1);
  }

  /** The relay has told the chat of both users. */
  async mirrored() {
    const status = async () =>
      JSON.parse(await this.session.run("caffis-chat pg-relay status --json"));
    await until("the users", async () => {
      const { mirrored, pending } = await status();
      return mirrored === 2 && pending === 0;
    });
  }
}

/** Goes through the document. */
export async function integration(blocks, folder) {
  const service = await receiver();
  const address = await postgres(folder);
  const port = await freePort();
  const chat = `http://127.0.0.1:${port}`;
  const session = new Session(folder);
  for (const [example, real] of [
    ["127.0.0.1:8443", `127.0.0.1:${port}`],
    ["8090", `${await freePort()}`],
    ["postgresql://app:…@db/app", address("app")],
    ["postgresql://caffis_relay:…@db/app", address("caffis_relay")],
    ["ROLE_PASSWORD=…", "ROLE_PASSWORD=caffis_relay"],
    ["https://chat.example.org", chat],
    ["SECRETS=whsec_…", "SECRETS=$IN"],
    ["https://push.example.org", service.url],
  ]) {
    session.replace(example, real);
  }
  symlinkSync(join(EXAMPLES), join(folder, "examples"));
  const story = new Story(session, chat, service);
  let told = null;
  let secret = null;
  const before = async (block) => {
    if (block.text.includes("pg-relay resync")) await story.mirrored();
    if (!block.text.includes("caffis-chat hooks show")) return;
    // Two events that the endpoint never takes, and then takes after all.
    service.status = 422;
    await story.write("one");
    await story.write("two");
    const dead = /evt_[0-9a-f]{16}_\d+_bookings/g;
    const listed = () =>
      session.run("caffis-chat hooks dead").then((said) => said.match(dead) ?? []);
    const ids = await until(
      "the dead letters",
      async () => (await listed()).length === 2 && listed(),
    );
    session.replace("evt_0123456789abcdef_12_bookings", ids[0]);
    service.status = 204;
  };
  const other = async (block, came) => {
    if (block.tag === "js") {
      await verified(block, folder, { ...told, secret });
      return true;
    }
    if (!block.text.startsWith("POST ")) return undefined;
    const shown = requestOf(block);
    if (shown.path.includes("{source}")) {
      assert.match(
        shown.body,
        /^\{"type": "user.upserted", "timestamp": "[^"]+", "data": \{…\}\}$/,
      );
      await story.send(shown, eventOf("user.upserted"), "evt_2f9c1e");
      const opened = await story.send(shown, eventOf("booking.opened"), "evt_booking");
      story.room = opened.room;
      return true;
    }
    secret = JSON.parse(came).secret;
    told = await story.write("Ciao");
    assertRequest(block, shown, told);
    return true;
  };
  await play(blocks, session, { before, other });
  assert.deepEqual(
    service.came.map(({ body }) => JSON.parse(body).data.preview),
    ["Ciao", "one", "two", "one", "two"],
    "what was refused is sent again",
  );
}

/** What came is a request such as the block shows. */
function assertRequest(block, { path, headers, body }, { headers: got, url, body: text }) {
  assert.equal(url, path, where(block));
  const kinds = {
    "webhook-id": [/^evt_[0-9a-f]{16}_\d+_push$/, /^evt_[0-9a-f]{16}_\d+_bookings$/],
    "webhook-timestamp": [/^\d{10}$/, /^\d{10}$/],
    "webhook-signature": [/^v1,[A-Za-z0-9+/]+…$/, /^v1,[A-Za-z0-9+/]{43}=$/],
    "content-type": [/^application\/json$/, /^application\/json$/],
  };
  assert.deepEqual([...headers.keys()], Object.keys(kinds), where(block));
  for (const [name, [shown, came]] of Object.entries(kinds)) {
    assert.match(headers.get(name), shown, where(block));
    assert.match(got[name], came, where(block));
  }
  const fields = JSON.parse(body.replace("{…}", "{}"));
  assert.deepEqual(Object.keys(JSON.parse(text)), Object.keys(fields), where(block));
  assert.equal(JSON.parse(text).type, fields.type, where(block));
}

/** The lines in JavaScript take what came, and refuse it when a byte of it is another one. */
async function verified(block, folder, { headers, body, secret }) {
  const program = `import { readFileSync } from "node:fs";
const { headers, body: text } = JSON.parse(readFileSync(0, "utf8"));
const body = Buffer.from(text);
${block.text}
console.log(JSON.stringify(event));
`;
  writeFileSync(join(folder, "verify.mjs"), program);
  symlinkSync(join(EXAMPLES, "node_modules"), join(folder, "node_modules"));
  const check = (text) =>
    run(process.execPath, ["verify.mjs"], {
      cwd: folder,
      env: { PATH: process.env.PATH, SECRET: secret },
      input: JSON.stringify({ headers, body: text }),
    });
  const taken = await check(body);
  assert.equal(taken.code, 0, `${where(block)}: ${taken.err}`);
  assert.deepEqual(JSON.parse(taken.out), JSON.parse(body), where(block));
  const refused = await check(body.replace("Ciao", "Ciso"));
  assert.match(refused.err, /WebhookVerificationError/, where(block));
}
