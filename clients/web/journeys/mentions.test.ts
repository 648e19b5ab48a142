/** Mentions: completed while they are written, set off where they are read, and found from the list. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Latte art";

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };
  giulia = await Person.arrives(
    await chromium.newContext({ locale: "en-GB" }),
    server.url,
    "giulia",
  );
  const context = await chromium.newContext({ locale: "it-IT", ...phone });
  marco = await Person.arrives(context, server.urlWithoutUdp, "marco");
  await giulia.makesGroup(GROUP, ["marco"]);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

function message(person: Person, number: number): Locator {
  return person.page.locator(`[data-testid=message][data-number="${number}"]`);
}

test("a name is completed by the keyboard, and the conversation shows that somebody was mentioned", async () => {
  const { page } = giulia;
  const composer = page.getByTestId("composer");
  await composer.pressSequentially("Ciao @mar");
  await page.getByTestId("mention-marco").waitFor();
  expect(await composer.getAttribute("aria-activedescendant")).not.toBeNull();
  // Escape closes the list, and writing on opens it for the next name.
  await composer.press("Escape");
  await page.getByTestId("mention-list").waitFor({ state: "detached" });
  await composer.fill("");
  await composer.pressSequentially("Ciao @");
  await page.getByTestId("mention-room").waitFor();
  await composer.press("ArrowDown");
  await composer.press("ArrowUp");
  await composer.press("Enter");
  await page.getByTestId("mention-list").waitFor({ state: "detached" });
  expect(await composer.inputValue()).toMatch(/^Ciao @Marco\S* ?.* $/);
  await composer.pressSequentially("vieni?");
  await composer.press("Enter");
  await message(giulia, 1).getByTestId("mention").waitFor();
  await giulia.says("E gli altri?");
  await marco.badge(GROUP, 2);
  await marco.room(GROUP).getByTestId("row-mentioned").waitFor();
  await marco.page.locator("[data-testid=mentions][data-unread='1']").waitFor();
});

test("the list leads to the place, and reading it is all it takes", async () => {
  const { page } = marco;
  await page.getByTestId("mentions").click();
  const found = page.getByTestId("marked-message");
  await found.getByText("vieni?").waitFor();
  expect(await found.getAttribute("data-unread")).toBe("true");
  await found.click();
  await message(marco, 1).and(page.locator("[data-flashed=true]")).waitFor();
  expect(await message(marco, 1).getAttribute("data-mentioned")).toBe("true");
  await page.locator("[data-testid=mention][data-own=true]").waitFor();
  await page.locator("[data-testid=mentions][data-unread='0']").waitFor({ state: "attached" });
});

test("everybody is mentioned by who moderates, and an edit takes a mention back", async () => {
  await giulia.says("@room alle nove");
  await message(marco, 3).locator("[data-testid=mention][data-own=true]").waitFor();
  const { page } = giulia;
  await page.getByTestId("composer").press("ArrowUp");
  await page.getByTestId("edit-bar").waitFor();
  await page.getByTestId("composer").fill("alle dieci");
  await page.getByTestId("composer").press("Enter");
  await message(marco, 3).getByText("alle dieci").waitFor();
  expect(await message(marco, 3).getAttribute("data-mentioned")).toBe("false");
  // A member is not offered everybody.
  await marco.page.getByTestId("composer").pressSequentially("@");
  await marco.page.getByTestId("mention-giulia").click();
  expect(await marco.page.getByTestId("mention-room").count()).toBe(0);
  await marco.page.getByTestId("composer").pressSequentially("ok");
  await marco.page.getByTestId("composer").press("Enter");
  await message(giulia, 4).locator("[data-testid=mention][data-own=true]").waitFor();
  await marco.reloads();
  await message(marco, 4).getByTestId("mention").waitFor();
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
