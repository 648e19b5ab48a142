/** Drafts: what is written on one device is there on another, until it is sent. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Bozze";

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let tablet: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const arrives = async (locale: string) =>
    Person.arrives(await chromium.newContext({ locale }), server.url, "giulia");
  giulia = await arrives("en-GB");
  await giulia.makesGroup(GROUP, ["marco"]);
  tablet = await arrives("it-IT");
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

async function writes(person: Person, text: string): Promise<void> {
  await person.page.waitForFunction(
    (wanted) =>
      document.querySelector<HTMLTextAreaElement>("[data-testid=composer]")?.value === wanted,
    text,
  );
}

test("what is written on one device is in the list and the field of the other", async () => {
  await giulia.page.getByTestId("composer").pressSequentially("Ci vediamo");
  await tablet.room(GROUP).getByTestId("row-draft").getByText("Ci vediamo").waitFor();
  await tablet.open(GROUP);
  await writes(tablet, "Ci vediamo");
  await tablet.page.getByTestId("composer").press("End");
  await tablet.page.getByTestId("composer").pressSequentially(" alle otto");
  await writes(giulia, "Ci vediamo alle otto");
});

test("it is gone everywhere once it is sent, and a reload keeps what is not", async () => {
  await giulia.page.getByTestId("composer").press("Enter");
  await tablet.sees(1);
  await writes(tablet, "");
  await tablet.page.getByTestId("composer").pressSequentially("E poi");
  await writes(giulia, "E poi");
  await giulia.reloads();
  await giulia.online();
  await writes(giulia, "E poi");
  expect([giulia.problems, tablet.problems]).toEqual([[], []]);
});
