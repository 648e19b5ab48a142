/** Several messages at once: forwarded in order, starred and deleted, with the keyboard and with a finger. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const SOURCE = "Ricette";
const TARGET = "Da provare";
const WORDS = ["due uova", "un etto di farina", "un pizzico di sale", "e pazienza"];

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };
  [giulia, marco] = await Promise.all([
    Person.arrives(await chromium.newContext({ locale: "en-GB" }), server.url, "giulia"),
    Person.arrives(
      await chromium.newContext({ locale: "it-IT", ...phone }),
      server.urlWithoutUdp,
      "marco",
    ),
  ]);
  for (const name of [TARGET, SOURCE]) await giulia.makesGroup(name, ["marco"]);
  for (const words of WORDS) await giulia.says(words);
  await giulia.sees(WORDS.length);
  await marco.open(SOURCE);
  await marco.sees(WORDS.length);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

function message(person: Person, number: number): Locator {
  return person.page.locator(`[data-testid=message][data-number="${number}"]`);
}

function selected(person: Person, number: number): Promise<void> {
  return person.page
    .locator(`[data-testid=message][data-number="${number}"][data-selected=true]`)
    .waitFor();
}

test("messages are selected with the keyboard, and Escape leaves", async () => {
  const { page } = giulia;
  await page.locator("li[data-index]:has([data-number='4'])").focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("action-select").focus();
  await page.keyboard.press("Enter");
  await selected(giulia, 4);
  await page.locator("li[data-index]:has([data-number='4'])").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Space");
  await selected(giulia, 3);
  await page.getByTestId("selection-count").getByText("2 selected").waitFor();
  await page.keyboard.press("Space");
  await page.getByTestId("selection-count").getByText("1 selected").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("selection").waitFor({ state: "detached" });
  expect(await page.getByTestId("select").count()).toBe(0);
});

test("they are forwarded in the order of the conversation", async () => {
  const { page } = giulia;
  await message(giulia, 3).click({ button: "right" });
  await page.getByTestId("action-select").click();
  for (const number of [1, 2]) {
    await message(giulia, number).getByTestId("text").click();
    await selected(giulia, number);
  }
  await page.getByTestId("selection-forward").click();
  await page.locator(`[data-testid=forward-room][data-title="${TARGET}"]`).check();
  await page.getByTestId("forward-now").click();
  await page.getByTestId("forward-done").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("selection").waitFor({ state: "detached" });
  await giulia.open(TARGET);
  await message(giulia, 3).waitFor();
  expect((await giulia.sees(3)).map(({ text }) => text)).toEqual(WORDS.slice(0, 3));
  await giulia.open(SOURCE);
});

test("a finger selects, stars and deletes them for one person", async () => {
  const { page } = marco;
  await longPress(message(marco, 2).getByTestId("text"));
  await page.getByTestId("action-select").tap();
  await message(marco, 3).getByTestId("text").tap();
  await page.getByTestId("selection-count").getByText("2 selezionati").waitFor();
  await page.getByTestId("selection-star").tap();
  for (const number of [2, 3]) await message(marco, number).getByTestId("starred").waitFor();
  await page.getByTestId("selection").waitFor({ state: "detached" });
  await longPress(message(marco, 2).getByTestId("text"));
  await page.getByTestId("action-select").tap();
  await message(marco, 3).getByTestId("text").tap();
  await page.getByTestId("selection-delete").tap();
  await page.getByText("Spariscono per te").waitFor();
  expect(await page.getByTestId("delete-all-now").count()).toBe(0);
  await page.getByTestId("hide-all-now").tap();
  for (const number of [2, 3]) await message(marco, number).waitFor({ state: "detached" });
  await page.getByTestId("selection").waitFor({ state: "detached" });
});

test("who moderates deletes them for everyone", async () => {
  const { page } = giulia;
  await message(giulia, 1).click({ button: "right" });
  await page.getByTestId("action-select").click();
  await message(giulia, 4).getByTestId("text").click();
  await page.getByTestId("selection-delete").click();
  await page.getByTestId("delete-all-now").click();
  for (const number of [1, 4]) {
    await message(giulia, number).getByTestId("tombstone").waitFor();
    await message(marco, number).getByTestId("tombstone").waitFor();
  }
  await page.getByTestId("selection").waitFor({ state: "detached" });
  await message(giulia, 2).getByTestId("text").waitFor();
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});

/** Rests a finger on a message until its menu opens. */
async function longPress(on: Locator): Promise<void> {
  const page = on.page();
  const box = await on.boundingBox();
  if (!box) throw new Error("the message is not drawn");
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByTestId("message-menu").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}
