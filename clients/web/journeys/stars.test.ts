/** Starred messages: marked on all devices of one person, listed, and found again. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Chicchi";

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

async function chooses(person: Person, number: number, action: string): Promise<void> {
  await message(person, number).click({ button: "right" });
  await person.page.getByTestId(`action-${action}`).click();
}

test("a star shows on every device of the person, and on nobody else's", async () => {
  await giulia.says("Via dei Mille 12, alle nove");
  await giulia.says("Portate le tazze");
  await message(marco, 2).waitFor();
  await chooses(marco, 1, "star");
  await chooses(marco, 2, "star");
  for (const person of [marco, tablet]) {
    for (const number of [1, 2]) await message(person, number).getByTestId("starred").waitFor();
  }
  expect(await giulia.page.getByTestId("starred").count()).toBe(0);
  await chooses(tablet, 2, "unstar");
  await message(marco, 2).getByTestId("starred").waitFor({ state: "detached" });
});

test("the list leads to the message, and forgets what is deleted", async () => {
  for (let line = 1; line <= 40; line += 1) {
    await giulia.page.getByTestId("composer").fill(`Riga ${line}`);
    await giulia.page.getByTestId("composer").press("Enter");
  }
  await message(marco, 42).waitFor();
  await marco.reloads();
  await marco.online();
  await marco.page.getByTestId("stars").click();
  await marco.page.getByTestId("marked-message").getByText("Via dei Mille 12").click();
  await message(marco, 1).and(marco.page.locator("[data-flashed=true]")).waitFor();
  await message(marco, 1).getByTestId("starred").waitFor();
  await giulia.page.locator("#messages").evaluate((log) => log.scrollTo(0, 0));
  await message(giulia, 1).waitFor();
  await chooses(giulia, 1, "delete");
  await giulia.page.getByTestId("delete-now").click();
  await message(marco, 1).getByTestId("tombstone").waitFor();
  await marco.page.getByTestId("stars").click();
  await marco.page.getByTestId("marked-nothing").waitFor();
  expect([giulia.problems, marco.problems, tablet.problems]).toEqual([[], [], []]);
});
