/** Reading a long conversation: it opens at the first unread message and nothing jumps. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";
import { TerminalPerson } from "./support/terminal.ts";

const GROUP = "Lettura";
const OLD = 130;
const NEW = 30;

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: TerminalPerson;

beforeAll(async () => {
  const rates = ["--messages-per-second", "1000", "--commands-per-second", "1000"];
  [server, chromium] = await Promise.all([TestServer.start(...rates), openChromium()]);
  giulia = await Person.arrives(
    await chromium.newContext({ locale: "en-GB" }),
    server.url,
    "giulia",
  );
  await giulia.makesGroup(GROUP, ["marco"]);
  marco = new TerminalPerson(server, "marco");
  const room = await marco.waitFor("room", (each) =>
    each.lines("room").find((line) => line[3] === GROUP),
  );
  marco.types(`/open ${room[1]}`);
  await writes(1, OLD);
  await giulia.sees(50);
  // Read up to here: what comes now is new.
  await giulia.badge(GROUP, null);
  await giulia.room("Marco").click();
  await giulia.page.getByTestId("room-title").getByText("Marco").waitFor();
  await writes(OLD + 1, OLD + NEW);
  await giulia.badge(GROUP, NEW);
});

afterAll(async () => {
  marco?.[Symbol.dispose]();
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

test("it opens at the first unread message, with a divider", async () => {
  await giulia.page.reload();
  await giulia.online();
  await giulia.open(GROUP);
  const divider = giulia.page.getByTestId("divider");
  await divider.waitFor();
  expect(await divider.evaluate((row) => row.nextElementSibling?.getAttribute("data-number"))).toBe(
    `${OLD + 1}`,
  );
  expect(await inView(OLD + 1)).toBe(true);
  expect(await inView(OLD + NEW)).toBe(false);
  await giulia.badge(GROUP, NEW);
});

test("older messages load above without moving what is in view", async () => {
  const log = giulia.page.locator("#messages");
  for (let shown = await count(); shown < OLD + NEW; shown = await count()) {
    // The second one: the first may join the group of what comes above it.
    const second = await giulia.page.getByTestId("message").nth(1).getAttribute("data-number");
    const same = giulia.page.locator(`[data-testid=message][data-number="${second}"]`);
    await log.evaluate((element) => {
      element.scrollTop = 0;
    });
    const before = await same.boundingBox();
    await giulia.page.waitForFunction((known) => {
      return document.querySelectorAll("[data-testid=message]").length > known;
    }, shown);
    const after = await same.boundingBox();
    expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(2);
  }
  const numbers = (await giulia.shown()).map((shown) => Number(shown.number));
  expect(numbers).toEqual(Array.from({ length: OLD + NEW }, (_, i) => i + 1));
});

test("what comes while one reads is counted, and one jump leads there", async () => {
  await writes(OLD + NEW + 1, OLD + NEW + 2);
  const jump = giulia.page.getByTestId("jump");
  await jump.getByText("2 new messages").waitFor();
  expect(await inView(OLD + NEW + 2)).toBe(false);
  await jump.click();
  await jump.waitFor({ state: "detached" });
  expect(await inView(OLD + NEW + 2)).toBe(true);
  await giulia.badge(GROUP, null);
});

test("at the end one follows what comes", async () => {
  await writes(OLD + NEW + 3, OLD + NEW + 3);
  await giulia.page.locator(`[data-number="${OLD + NEW + 3}"]`).waitFor();
  expect(await inView(OLD + NEW + 3)).toBe(true);
  expect(giulia.problems).toEqual([]);
});

/** Writes numbered messages and waits until they are acknowledged. */
async function writes(from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i += 1) marco.types(`message ${i}`);
  await marco.waitFor("acknowledgement", (each) =>
    each.lines("sent").find((line) => line[3] === `${to}`),
  );
}

function count(): Promise<number> {
  return giulia.page.getByTestId("message").count();
}

/** Whether a message lies within the part that is in view. */
async function inView(number: number): Promise<boolean> {
  return giulia.page.locator(`[data-testid=message][data-number="${number}"]`).evaluate((row) => {
    const frame = document.getElementById("messages")?.getBoundingClientRect();
    const { top, bottom } = row.getBoundingClientRect();
    return frame !== undefined && top >= frame.top - 1 && bottom <= frame.bottom + 1;
  });
}
