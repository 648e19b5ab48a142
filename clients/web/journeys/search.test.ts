/** Searching: across conversations and in one, by keyboard and by touch, and stepping through what was found. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Assaggi";

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
  await giulia.makesGroup(GROUP, ["marco"]);
  await giulia.says("Due cappuccini al banco, per favore");
  for (let number = 1; number <= 30; number += 1) await giulia.says(`riga ${number}`);
  await giulia.says("Il cappuccino era ottimo");
  await giulia.sees(32);
  await marco.room(GROUP).waitFor();
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

function message(person: Person, number: number): Locator {
  return person.page.locator(`[data-testid=message][data-number="${number}"]`);
}

test("the keyboard opens a search over all conversations, and Enter leads to the message", async () => {
  const { page } = giulia;
  await page.keyboard.press("Control+k");
  await page.getByTestId("search-field").pressSequentially("cappuccino banco");
  const hit = page.getByTestId("search-hit");
  await hit.first().waitFor();
  expect(await hit.count()).toBe(1);
  expect(await hit.locator("mark").allInnerTexts()).toEqual(["cappuccini", "banco"]);
  expect(await hit.innerText()).toContain(GROUP);
  await page.getByTestId("search-field").press("Enter");
  await page.getByTestId("search-field").waitFor({ state: "detached" });
  await message(giulia, 1).waitFor();
  await page.waitForFunction(() => {
    const found = document.querySelector('[data-testid=message][data-number="1"]');
    const { top = -1, bottom = -1 } = found?.getBoundingClientRect() ?? {};
    return top >= 0 && bottom <= innerHeight;
  });
  expect(await page.getByTestId("hit-at").innerText()).toBe("1 of 1");
});

test("on a phone a conversation is searched, and arrows step from result to result", async () => {
  const { page } = marco;
  await marco.open(GROUP);
  await message(marco, 32).waitFor();
  await page.getByTestId("search-room").tap();
  await page.getByTestId("search-field").fill("cappuccino");
  await page.getByTestId("search-hit").nth(1).waitFor();
  await page.getByTestId("search-hit").nth(1).tap();
  await message(marco, 1).waitFor();
  expect(await page.getByTestId("hit-at").innerText()).toBe("2 di 2");
  expect(await page.getByTestId("hit-older").isDisabled()).toBe(true);
  await page.getByTestId("hit-newer").tap();
  await message(marco, 32).waitFor();
  expect(await page.getByTestId("hit-at").innerText()).toBe("1 di 2");
  // Back to the list of results, as it was.
  await page.getByTestId("hit-again").tap();
  expect(await page.getByTestId("search-field").inputValue()).toBe("cappuccino");
  expect(await page.getByTestId("search-hit").count()).toBe(2);
});

test("what cannot be searched is said, and so is that nothing was found", async () => {
  const { page } = marco;
  await page.getByTestId("search-field").fill("il");
  await page.getByTestId("search-error").waitFor();
  await page.getByTestId("search-field").fill("tiramisù");
  await page.getByTestId("search-nothing").waitFor();
  expect(await page.getByTestId("search-error").count()).toBe(0);
  await page.keyboard.press("Escape");
  expect(giulia.problems).toEqual([]);
  expect(marco.problems).toEqual([]);
});

test("a deleted message is found no more", async () => {
  const { page } = giulia;
  await giulia.says("parola segreta");
  await message(giulia, 33).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByTestId("search-field").fill("segreta ");
  await page.getByTestId("search-hit").waitFor();
  await page.keyboard.press("Escape");
  await message(giulia, 33).hover();
  await message(giulia, 33).getByTestId("message-more").click();
  await page.getByTestId("action-delete").click();
  await page.getByTestId("delete-now").click();
  await message(giulia, 33).getByTestId("tombstone").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByTestId("search-field").fill("parola ");
  await page.getByTestId("search-nothing").waitFor();
});
