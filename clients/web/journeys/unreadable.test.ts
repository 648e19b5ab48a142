/** A room that the server cannot read: the page says so, keeps what it has, and goes on once it can. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";
import { UnreadableRoom } from "./support/unreadable.ts";

const GROUP = "Magazzino";

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;
let room: UnreadableRoom;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const [hers, his] = [
    await chromium.newContext({ locale: "en-GB" }),
    await chromium.newContext({ locale: "en-GB" }),
  ];
  room = await UnreadableRoom.of(hers, GROUP);
  // Only WebSocket frames can be changed on their way.
  giulia = await Person.arrives(hers, server.urlWithoutUdp, "giulia");
  marco = await Person.arrives(his, server.url, "marco");
  await marco.makesGroup(GROUP, ["giulia"]);
  await marco.says("one");
  await giulia.badge(GROUP, 1);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

/** Something of the page, by its name for tests. */
function part(name: string): Locator {
  return giulia.page.getByTestId(name);
}

/** Asks for another try, unless the page has made one by itself and the button is gone. */
async function tryAgain(button: Locator): Promise<void> {
  const gone = button.waitFor({ state: "detached" });
  await Promise.race([gone, button.click().catch(() => gone)]);
}

test("it is listed as such, cannot be opened, and holds up no other room", async () => {
  room.damage();
  await giulia.reloads();
  await giulia.online();
  await giulia.room(GROUP).and(giulia.page.locator('[data-readable="false"]')).waitFor();
  await giulia.page.getByText("1 conversation cannot be read right now").waitFor();
  await giulia.room(GROUP).click();
  await part("unavailable").getByText("This conversation cannot be read right now").waitFor();
  await giulia.open("Marco");
  await giulia.says("the other one works");
  await giulia.sees(1);
});

test("it opens by itself once the server can read it", async () => {
  await giulia.room(GROUP).click();
  await part("unavailable").waitFor();
  await part("unavailable").getByRole("button", { name: "Try again" }).click();
  await part("unavailable").waitFor();
  room.repair();
  await tryAgain(giulia.page.getByRole("button", { name: "Try again" }).first());
  const [message] = await giulia.sees(1);
  expect(message?.text).toBe("one");
  await giulia.page.getByText("1 conversation cannot be read right now").waitFor({
    state: "detached",
  });
  await giulia.badge(GROUP, null);
});

test("its messages stay in view while it cannot be read, and what was missed arrives", async () => {
  room.damage();
  await room.cut();
  await part("unreadable").waitFor();
  await marco.says("two");
  await marco.sees(2);
  expect(await giulia.shown()).toHaveLength(1);
  room.repair();
  await tryAgain(part("unreadable").getByRole("button", { name: "Try again" }));
  await part("unreadable").waitFor({ state: "detached" });
  const messages = await giulia.sees(2);
  expect(messages.map(({ text }) => text)).toEqual(["one", "two"]);
  expect(giulia.problems).toEqual([]);
});
