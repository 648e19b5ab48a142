/** Unsent messages outlive their tab, have one sender, and stay with their person. */

import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Fuori linea";

let server: TestServer;
let chromium: Browser;
let laptop: BrowserContext;
let firstTab: Person;
let secondTab: Person;
let luca: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  laptop = await chromium.newContext({ locale: "en-GB" });
  const elsewhere = await chromium.newContext({ locale: "en-GB" });
  luca = await Person.arrives(elsewhere, server.url, "luca");
  firstTab = await Person.arrives(laptop, server.url, "giulia");
  secondTab = await Person.arrives(laptop, server.url, "giulia");
  await firstTab.makesGroup(GROUP, ["marco", "luca"]);
  await Promise.all([secondTab.open(GROUP), luca.open(GROUP)]);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

test("what a closed tab left is sent by another one, once and in order", async () => {
  await server.kill();
  for (const tab of [firstTab, secondTab]) await tab.page.getByTestId("offline").waitFor();
  await firstTab.says("one");
  await firstTab.says("two");
  expect(await secondTab.page.getByTestId("message").count()).toBe(0);
  await firstTab.page.close();
  await secondTab.page.locator('[data-testid=message][data-number=""]').nth(1).waitFor();
  await secondTab.says("three");
  await server.run();
  const [own, others] = await Promise.all([secondTab.sees(3), luca.sees(3)]);
  expect(own.map(({ text }) => text)).toEqual(["one", "two", "three"]);
  expect(others).toEqual(own);
});

test("what the last tab left waits for its person, and goes out under no other name", async () => {
  await server.kill();
  await secondTab.page.getByTestId("offline").waitFor();
  await secondTab.says("only from Giulia");
  await secondTab.page.close();
  await server.run();

  const tab = await Person.arrives(laptop, server.url, "marco");
  await tab.open(GROUP);
  await tab.sees(3);
  await tab.says("from Marco");
  expect((await luca.sees(4)).map(({ text }) => text)).toEqual([
    "one",
    "two",
    "three",
    "from Marco",
  ]);
  await tab.signsOut();
  await tab.signsIn("giulia");
  await tab.open(GROUP);
  const shown = await tab.sees(5);
  expect(shown.at(-1)?.text).toBe("only from Giulia");
  expect(await luca.sees(5)).toEqual(shown);
  firstTab = tab;
});

test("a draft shows for the person who wrote it and for nobody else", async () => {
  const composer = firstTab.page.getByTestId("composer");
  await composer.fill("not yet said");
  await firstTab.signsOut();
  await firstTab.signsIn("marco");
  await firstTab.open(GROUP);
  expect(await composer.inputValue()).toBe("");
  await firstTab.signsOut();
  await firstTab.signsIn("giulia");
  await firstTab.open(GROUP);
  expect(await composer.inputValue()).toBe("not yet said");
  await composer.fill("");
});

test("a refused text goes back to where it was written, and can be sent once it is mended", async () => {
  const { page } = firstTab;
  const composer = page.getByTestId("composer");
  // Nothing that anybody can see.
  await composer.fill("\u200B");
  await composer.press("Enter");
  await page.locator("[data-delivery=failed]").first().waitFor();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.locator("[data-testid=message][data-delivery=failed]").waitFor({ state: "detached" });
  expect(await composer.inputValue()).toBe("\u200B");
  await composer.fill("ab");
  await composer.press("Enter");
  expect((await luca.sees(6)).at(-1)?.text).toBe("ab");
  await page.reload();
  await firstTab.online();
  await firstTab.sees(6);
  expect(await page.locator("[data-testid=message][data-delivery=failed]").count()).toBe(0);
  expect([firstTab, luca].flatMap((person) => person.problems)).toEqual([]);
});
