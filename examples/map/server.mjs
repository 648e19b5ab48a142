// The map service: invitations to places. When one is accepted, it tells the chat by a signed webhook.

import { timingSafeEqual } from "node:crypto";
import pg from "pg";
import { Webhook } from "standardwebhooks";
import { HttpError, serve, variable } from "../http.mjs";

/** How often what has not been sent is tried again, in milliseconds. */
const AGAIN = 2000;
/** How long the chat may take for an answer, in milliseconds. */
const PATIENCE = 10_000;
/** The most events that are sent in one round. */
const ROUND = 100;

const database = new pg.Pool({ connectionString: variable("DATABASE_URL"), max: 4 });
const hook = variable("CHAT_HOOK");
const signer = new Webhook(variable("CHAT_HOOK_SECRET"));
const key = Buffer.from(`Bearer ${variable("MAP_KEY")}`);

/** Only the main app may ask. */
function check(request) {
  const given = Buffer.from(request.headers.authorization ?? "");
  if (given.length !== key.length || !timingSafeEqual(given, key)) {
    throw new HttpError(401, "The key is wrong.");
  }
}

/** Accepts an invitation, and writes down what the chat has to be told: both or neither. */
async function accept(id, guest) {
  const client = await database.connect();
  try {
    await client.query("BEGIN");
    const { rows } = await client.query(
      "UPDATE invitations SET accepted = coalesce(accepted, now()) WHERE id = $1 AND guest = $2 RETURNING *",
      [id, guest],
    );
    const invitation = rows[0];
    if (!invitation) throw new HttpError(404, "There is no such invitation for you.");
    // The same invitation makes the same event, however often it is accepted.
    const event = {
      type: "invitation.accepted",
      timestamp: invitation.accepted.toISOString(),
      data: {
        id: invitation.id,
        version: 1,
        participants: [invitation.host, invitation.guest],
        title: invitation.title,
        place: {
          name: invitation.place,
          address: invitation.address,
          coordinates: { latitude: invitation.latitude, longitude: invitation.longitude },
        },
        time: invitation.starts.toISOString(),
        ends: null,
        time_zone: invitation.zone,
        photos: [],
      },
    };
    if (!invitation.room) {
      await client.query(
        "INSERT INTO outbox (id, body, context) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [`evt_${invitation.id}_accepted`, JSON.stringify(event), invitation.id],
      );
    }
    await client.query("COMMIT");
    return invitation.room;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

/** Sends one event; gives the room that the chat names, or null if it has to be sent again. */
async function send({ id, body, context }) {
  const now = new Date();
  const response = await fetch(hook, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": signer.sign(id, now, body),
    },
    body,
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!response.ok) {
    const problem = await response.text();
    console.error(`map: the chat answers ${response.status} to ${id}: ${problem.slice(0, 300)}`);
    return null;
  }
  const { room } = await response.json();
  await database.query("UPDATE invitations SET room = $2 WHERE id = $1", [context, room]);
  await database.query("DELETE FROM outbox WHERE id = $1", [id]);
  return room;
}

/** Sends what has not been sent; goes on after a failure. */
async function sendAll() {
  const { rows } = await database.query("SELECT * FROM outbox ORDER BY id LIMIT $1", [ROUND]);
  for (const row of rows) {
    await send(row).catch((error) => console.error(`map: ${row.id} is not sent: ${error.message}`));
  }
}

async function again() {
  await sendAll().catch((error) => console.error(`map: ${error.message}`));
  setTimeout(again, AGAIN);
}

serve("map", variable("PORT"), {
  "GET /invitations": async ({ request, searchParams }) => {
    check(request);
    const { rows } = await database.query(
      `SELECT id, title, place, address, accepted IS NOT NULL AS accepted FROM invitations
       WHERE guest = $1 ORDER BY starts`,
      [searchParams.get("guest")],
    );
    return { invitations: rows };
  },
  "POST /invitations/:id/accept": async ({ request, parts, body }) => {
    check(request);
    const known = await accept(parts.id, String(body.guest));
    if (known) return { room: known };
    const { rows } = await database.query("SELECT * FROM outbox WHERE context = $1", [parts.id]);
    if (rows[0]) {
      await send(rows[0]).catch((error) => console.error(`map: ${rows[0].id}: ${error.message}`));
    }
    // Without a room the chat opens at the list; the event is sent again until it is done.
    const room = "SELECT room FROM invitations WHERE id = $1";
    return (await database.query(room, [parts.id])).rows[0];
  },
});
again();
