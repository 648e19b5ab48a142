/** More unread than a page holds: a fresh load begins at the first of them and skips none. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";
import { TerminalPerson } from "./support/terminal.ts";

const GROUP = "Arretrati";
const READ = 150;
const UNREAD = 400;
/** Messages that are written before the first of them is acknowledged. */
const AT_ONCE = 50;

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: TerminalPerson;

beforeAll(async () => {
  const rates = ["messages", "commands", "address-commands"].flatMap((kind) => [
    `--${kind}-per-second`,
    "10000",
  ]);
  [server, chromium] = await Promise.all([TestServer.start(...rates), openChromium()]);
  const context = await chromium.newContext({ locale: "en-GB" });
  giulia = await Person.arrives(context, server.url, "giulia");
  await giulia.makesGroup(GROUP, ["marco"]);
  marco = new TerminalPerson(server, "marco");
  const room = await marco.waitFor("room", (each) =>
    each.lines("room").find((line) => line[3] === GROUP),
  );
  marco.types(`/open ${room[1]}`);
  await writes(1, READ);
  await giulia.badge(GROUP, null);
  await giulia.room("Marco").click();
  await giulia.page.getByTestId("room-title").getByText("Marco").waitFor();
  await writes(READ + 1, READ + UNREAD);
  await giulia.badge(GROUP, UNREAD);
  await giulia.reloads();
  await giulia.online();
});

afterAll(async () => {
  marco?.[Symbol.dispose]();
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

test("a fresh load begins at the first unread message", async () => {
  await giulia.open(GROUP);
  await giulia.page.getByTestId("divider").waitFor();
  const first = giulia.page.locator(`[data-number="${READ + 1}"]`);
  await first.waitFor();
  const { top, bottom } = await first.evaluate((row) => row.getBoundingClientRect());
  const frame = await giulia.page.locator("#messages").evaluate((log) => {
    const { top, bottom } = log.getBoundingClientRect();
    return { top, bottom };
  });
  expect(top).toBeGreaterThanOrEqual(frame.top);
  expect(bottom).toBeLessThanOrEqual(frame.bottom);
  await giulia.page
    .getByTestId("jump")
    .getByText(/\d+ new messages/)
    .waitFor();
});

test("what comes meanwhile is counted, and no message is skipped on the way to it", async () => {
  const total = READ + UNREAD + 1;
  await writes(total, total);
  const met = await giulia.page.locator("#messages").evaluate(
    async (log, { from, to }) => {
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      const met = new Set<number>();
      while (!met.has(to)) {
        const { bottom, top } = log.getBoundingClientRect();
        for (const row of log.querySelectorAll<HTMLElement>("[data-testid=message]")) {
          const place = row.getBoundingClientRect();
          if (place.bottom > top && place.top < bottom) met.add(Number(row.dataset.number));
        }
        const next = Math.max(...met);
        // Half a window at a time, and on only when what follows was drawn.
        if (met.size > 0)
          log.querySelector(`[data-number="${next}"]`)?.scrollIntoView({ block: "center" });
        await frame();
      }
      return [...met].filter((number) => number >= from && number <= to).sort((a, b) => a - b);
    },
    { from: READ + 1, to: total },
  );
  expect(met).toEqual(Array.from({ length: UNREAD + 1 }, (_, i) => READ + 1 + i));
  await giulia.page.getByTestId("jump").waitFor({ state: "detached" });
  await giulia.badge(GROUP, null);
});

test("one jump leads from the first unread message to the end", async () => {
  await giulia.room("Marco").click();
  const total = READ + UNREAD + 1;
  await writes(total + 1, total + UNREAD);
  await giulia.badge(GROUP, UNREAD);
  await giulia.reloads();
  await giulia.online();
  await giulia.open(GROUP);
  await giulia.page.getByTestId("divider").waitFor();
  await giulia.page.getByTestId("jump").click();
  await giulia.page.locator(`[data-number="${total + UNREAD}"]`).waitFor();
  await giulia.page.getByTestId("jump").waitFor({ state: "detached" });
  await giulia.badge(GROUP, null);
});

test("who answers from there goes to the end, where the answer is", async () => {
  await giulia.room("Marco").click();
  const total = READ + 2 * UNREAD + 1;
  await writes(total + 1, total + UNREAD);
  await giulia.badge(GROUP, UNREAD);
  await giulia.reloads();
  await giulia.online();
  await giulia.open(GROUP);
  await giulia.page.getByTestId("divider").waitFor();
  await giulia.says("I am here");
  await giulia.page.locator(`[data-number="${total + UNREAD + 1}"]`).waitFor();
  const texts = (await giulia.shown()).map(({ text }) => text);
  expect(texts.filter((text) => text === "I am here")).toHaveLength(1);
  await giulia.page.getByTestId("jump").waitFor({ state: "detached" });
  expect(giulia.problems).toEqual([]);
});

/** Writes numbered messages and waits until they are acknowledged; not more at once than may wait. */
async function writes(from: number, to: number): Promise<void> {
  for (let first = from; first <= to; first += AT_ONCE) {
    const last = Math.min(to, first + AT_ONCE - 1);
    for (let i = first; i <= last; i += 1) marco.types(`message ${i}`);
    await marco.waitFor("acknowledgement", (each) =>
      each.lines("sent").find((line) => line[3] === `${last}`),
    );
  }
}
