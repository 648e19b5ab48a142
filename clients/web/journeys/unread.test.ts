/** More unread than a page holds: a fresh load begins at the first of them and skips none. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { Backlog } from "./support/backlog.ts";
import type { Person } from "./support/person.ts";

const GROUP = "Arretrati";
const READ = 150;
const UNREAD = 400;

let backlog: Backlog;
let giulia: Person;

beforeAll(async () => {
  backlog = await Backlog.of(GROUP, READ, UNREAD);
  giulia = backlog.giulia;
  await giulia.reloads();
  await giulia.online();
});

afterAll(() => backlog?.[Symbol.asyncDispose]());

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
  await backlog.writes(total, total);
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
  await backlog.writes(total + 1, total + UNREAD);
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
  await backlog.writes(total + 1, total + UNREAD);
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
