/** A further device of a person, which speaks the JSON form of the protocol. */

import type { Page } from "playwright-core";

/** Marks a message of a conversation, and all after it, as unread on a device of its own. */
export function marksUnread(
  page: Page,
  user: string,
  title: string,
  number: number,
): Promise<void> {
  return asks(page, user, title, "mark_unread", { number });
}

/** Mutes a conversation until a time on a device of its own. */
export function mutes(page: Page, user: string, title: string, until: number): Promise<void> {
  return asks(page, user, title, "mute", { until });
}

/** Sends a command about a conversation from a device of its own. */
function asks(
  page: Page,
  user: string,
  title: string,
  name: string,
  fields: Readonly<Record<string, number>>,
): Promise<void> {
  return page.evaluate(
    async ({ user, title, name, fields }) => {
      const asked = await fetch("/api/chat/dev/token", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user }),
      });
      const { token } = await asked.json();
      const socket = new WebSocket(`ws://${location.host}/api/chat/ws`, "caffis.v1.json");
      await new Promise((done, failed) => {
        socket.onopen = done;
        socket.onerror = failed;
      });
      const ask = (id: number, command: object) =>
        new Promise<Record<string, { rooms: { room: string; name: string | null }[] }>>(
          (done, failed) => {
            socket.addEventListener("message", ({ data }) => {
              const { reply } = JSON.parse(data);
              if (reply?.id !== id) return;
              if (reply.result.ok) done(reply.result.ok);
              else failed(new Error(JSON.stringify(reply.result)));
            });
            socket.send(JSON.stringify({ request: { id, command } }));
          },
        );
      const device = "d".repeat(32);
      const hello = { version: 1, client: "journey/1", device, token };
      const { welcome } = await ask(1, { hello });
      const room = welcome?.rooms.find((room) => room.name === title)?.room;
      await ask(2, { [name]: { room, ...fields } });
      socket.close();
    },
    { user, title, name, fields },
  );
}
