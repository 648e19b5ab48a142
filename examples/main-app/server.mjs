// The main app: people who sign in, change their names and accept invitations of the map service.

import { createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import pg from "pg";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { HttpError, serve, variable } from "../http.mjs";

/** How long a token for the chat is valid, in seconds. */
const TOKEN_SECONDS = 3600;
/** The most people who are signed in at once. */
const MAX_SESSIONS = 1000;
/** Of how many people missed messages are counted, and how many webhooks are remembered. */
const MAX_MISSED = 1000;

const database = new pg.Pool({ connectionString: variable("DATABASE_URL"), max: 4 });
const chat = variable("CHAT_URL");
const secret = variable("CHAT_TOKEN_SECRET");
const verifier = new Webhook(variable("CHAT_EVENTS_SECRET"));
const map = variable("MAP_URL");
const key = variable("MAP_KEY");
const page = await readFile(new URL("page.html", import.meta.url), "utf8");

/** Session to person. A real app has passwords; here everybody may be anybody. */
const sessions = new Map();

/** How many messages came for people who were not there. A real app sends them a push or a mail. */
const missed = new Map();
/** The ids of the last webhooks: after a crash the chat may send one again. */
const seen = new Set();

/** Keeps the newest of a collection. */
function forgetOldest(collection) {
  if (collection.size > MAX_MISSED) collection.delete(collection.keys().next().value);
}

/** Takes a webhook of the chat. */
function told(headers, text) {
  let event;
  try {
    event = verifier.verify(text, headers);
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    throw new HttpError(401, "The signature is wrong.");
  }
  const id = headers["webhook-id"];
  if (event.type === "chat.message.created" && !seen.has(id)) {
    seen.add(id);
    forgetOldest(seen);
    for (const { user, offline, quiet } of event.data.recipients) {
      if (!offline || quiet) continue;
      missed.set(user, (missed.get(user) ?? 0) + 1);
      forgetOldest(missed);
    }
  }
  return {};
}

function signedIn(request) {
  const session = /(?:^|;\s*)session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  const person = sessions.get(session);
  if (!person) throw new HttpError(401, "Choose a person first.");
  return person;
}

async function personOf(id) {
  const { rows } = await database.query(
    "SELECT person_id AS id, full_name AS name FROM people WHERE person_id = $1",
    [id],
  );
  if (!rows[0]) throw new HttpError(404, "There is no such person.");
  return rows[0];
}

/** A token for the chat (JWT, HS256). */
function token({ id, name }) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: id, name, iat: now, exp: now + TOKEN_SECONDS };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** Where the page opens the chat: the token stands behind the `#`, which is sent to no server. */
async function opened(id, room) {
  const handed = new URLSearchParams({ token: token(await personOf(id)) });
  if (room) handed.set("room", room);
  return { open: `${chat}/#${handed}` };
}

/** Asks the map service. */
async function ask(path, options = {}) {
  const response = await fetch(`${map}${path}`, {
    ...options,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    signal: AbortSignal.timeout(20_000),
  });
  const answer = await response.json();
  if (!response.ok) throw new HttpError(response.status, answer.error);
  return answer;
}

serve("main app", variable("PORT"), {
  "GET /": () => ({ html: page }),
  "GET /api/people": async () => {
    const people = "SELECT person_id AS id, full_name AS name FROM people ORDER BY 1";
    return { people: (await database.query(people)).rows };
  },
  "POST /api/sign-in": async ({ body }) => {
    const person = await personOf(String(body.person));
    if (sessions.size >= MAX_SESSIONS) sessions.delete(sessions.keys().next().value);
    const session = randomBytes(16).toString("hex");
    sessions.set(session, person.id);
    const cookie = `session=${session}; HttpOnly; SameSite=Strict; Path=/`;
    return { json: person, headers: { "set-cookie": cookie } };
  },
  "GET /api/me": async ({ request }) => {
    const person = await personOf(signedIn(request));
    const { invitations } = await ask(`/invitations?guest=${encodeURIComponent(person.id)}`);
    return { ...person, invitations, missed: missed.get(person.id) ?? 0 };
  },
  // Only the database changes: the trigger and the relay tell the chat.
  "POST /api/me": async ({ request, body }) => {
    const name = String(body.name ?? "")
      .trim()
      .slice(0, 60);
    if (!name) throw new HttpError(400, "A name is needed.");
    const person = signedIn(request);
    await database.query("UPDATE people SET full_name = $2 WHERE person_id = $1", [person, name]);
    return personOf(person);
  },
  "POST /api/chat": ({ request }) => {
    const person = signedIn(request);
    missed.delete(person);
    return opened(person);
  },
  "POST /hooks/chat": ({ request, text }) => told(request.headers, text),
  "POST /api/invitations/:id/accept": async ({ request, parts }) => {
    const guest = signedIn(request);
    const path = `/invitations/${encodeURIComponent(parts.id)}/accept`;
    missed.delete(guest);
    const { room } = await ask(path, { method: "POST", body: JSON.stringify({ guest }) });
    return opened(guest, room);
  },
});
