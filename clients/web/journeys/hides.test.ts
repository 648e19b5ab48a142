/** Deleting a message for oneself: it is gone on all devices of one person, and others notice nothing. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Degustazione";

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;
let tablet: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const arrives = async (user: string, locale: string) =>
    Person.arrives(await chromium.newContext({ locale }), server.url, user);
  giulia = await arrives("giulia", "en-GB");
  marco = await arrives("marco", "it-IT");
  await giulia.makesGroup(GROUP, ["marco"]);
  tablet = await arrives("marco", "en-GB");
  await marco.open(GROUP);
  await tablet.open(GROUP);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

function message(person: Person, number: number): Locator {
  return person.page.locator(`[data-testid=message][data-number="${number}"]`);
}

test("a message disappears for one person, on every device", async () => {
  await giulia.says("Che giornata");
  await giulia.says("Lo sapevi già");
  for (const person of [giulia, marco, tablet]) await message(person, 2).waitFor();
  await message(marco, 2).click({ button: "right" });
  await marco.page.getByTestId("action-hide").click();
  await marco.page.getByText("Il messaggio scompare per te").waitFor();
  await marco.page.getByTestId("hide-now").click();
  for (const person of [marco, tablet]) {
    await message(person, 2).waitFor({ state: "detached" });
    await person.room(GROUP).getByText("Lo sapevi già").waitFor({ state: "detached" });
    expect(await message(person, 1).count()).toBe(1);
  }
  expect(await message(giulia, 2).innerText()).toContain("Lo sapevi già");
});

test("nothing brings it back: edits, answers, a reload", async () => {
  const { page } = giulia;
  await page.getByTestId("composer").press("ArrowUp");
  await page.getByTestId("edit-bar").waitFor();
  await page.getByTestId("composer").fill("Lo sapevi già da ieri");
  await page.getByTestId("composer").press("Enter");
  await message(giulia, 2).getByTestId("edited").waitFor();
  await message(giulia, 2).hover();
  await message(giulia, 2).getByTestId("message-reply").click();
  await giulia.says("Vero?");
  await message(marco, 3).getByText("Questo messaggio non è disponibile").waitFor();
  await marco.reloads();
  await marco.online();
  await message(marco, 3).waitFor();
  for (const person of [marco, tablet]) {
    await message(person, 3).waitFor();
    expect(await message(person, 2).count()).toBe(0);
    expect(await person.page.locator("main, #messages").last().innerText()).not.toContain("sapevi");
  }
  expect([giulia.problems, marco.problems, tablet.problems]).toEqual([[], [], []]);
});
