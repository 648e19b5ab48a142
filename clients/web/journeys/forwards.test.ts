/** Forwarding: to several conversations at once, with who wrote the message first. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const SOURCE = "Ordini";
const TARGETS = ["Magazzino", "Banco"];

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const arrives = async (user: string, locale: string) =>
    Person.arrives(await chromium.newContext({ locale }), server.url, user);
  giulia = await arrives("giulia", "en-GB");
  marco = await arrives("marco", "it-IT");
  for (const name of [...TARGETS, SOURCE]) await giulia.makesGroup(name, ["marco"]);
  await marco.open(SOURCE);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

function message(person: Person, number: number): Locator {
  return person.page.locator(`[data-testid=message][data-number="${number}"]`);
}

test("a message goes to the conversations that were chosen, and says who wrote it", async () => {
  await giulia.says("Venti chili entro venerdì");
  await message(marco, 1).click({ button: "right" });
  await marco.page.getByTestId("action-forward").click();
  await marco.page.getByTestId("forward-search").fill("magaz");
  const rooms = marco.page.getByTestId("forward-room");
  await rooms.first().check();
  expect(await rooms.count()).toBe(1);
  await marco.page.getByTestId("forward-search").fill("");
  await marco.page.locator("[data-testid=forward-room][data-title=Banco]").check();
  await marco.page.getByTestId("forward-now").click();
  await marco.page.getByTestId("forward-done").getByText("2 conversazioni").waitFor();
  await marco.page.keyboard.press("Escape");
  for (const target of TARGETS) {
    await giulia.open(target);
    await message(giulia, 1).getByTestId("forwarded").getByText("Forwarded from Giulia").waitFor();
    expect(await message(giulia, 1).getByTestId("text").innerText()).toBe(
      "Venti chili entro venerdì",
    );
  }
});

test("what is deleted at its source stays where it was forwarded, and goes nowhere else", async () => {
  await giulia.open(SOURCE);
  await message(giulia, 1).click({ button: "right" });
  await giulia.page.getByTestId("action-delete").click();
  await giulia.page.getByTestId("delete-now").click();
  await message(marco, 1).getByTestId("tombstone").waitFor();
  await message(marco, 1).click({ button: "right" });
  await marco.page.getByTestId("message-menu").waitFor();
  expect(await marco.page.getByTestId("action-forward").count()).toBe(0);
  await marco.page.keyboard.press("Escape");
  await marco.open("Banco");
  await message(marco, 1).getByTestId("forwarded").getByText("Inoltrato da Giulia").waitFor();
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
