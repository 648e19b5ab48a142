/** Ticks are right even when the reader replies before they have seen everything. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Ricevute";
/** More than fit on the screen. */
const MESSAGES = 30;

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([
    TestServer.start("--messages-per-second", "1000"),
    openChromium(),
  ]);
  const english = { locale: "en-GB" };
  giulia = await Person.arrives(await chromium.newContext(english), server.url, "giulia");
  marco = await Person.arrives(await chromium.newContext(english), server.urlWithoutUdp, "marco");
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
  await writes(giulia, "before", MESSAGES);
  const last = marco.page.getByTestId("message").getByText(`before ${MESSAGES}`, { exact: true });
  await last.waitFor();
  await marco.badge(GROUP, null);
  // The server knows, too, that everything was read.
  const seen = giulia.page.locator("[data-own=true][data-delivery=read]");
  await seen.getByText(`before ${MESSAGES}`, { exact: true }).waitFor();
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

test("what a person sees after they have replied from further up is shown as read", async () => {
  await marco.scrollsUp();
  await marco.page.getByTestId("jump").waitFor();
  await writes(giulia, "unseen", 2);
  await marco.page.getByTestId("jump").getByText("2 new messages").waitFor();
  const delivered = giulia.page.locator("[data-own=true][data-delivery=delivered]");
  await delivered.getByText("unseen 2").waitFor();
  await marco.says("a reply");
  await marco.page.getByTestId("jump").waitFor({ state: "detached" });
  await giulia.page.locator("[data-own=true][data-delivery=read]").getByText("unseen 2").waitFor();
});

test("what both wrote while they were offline is read by both once it arrives", async () => {
  await server.kill();
  for (const person of [giulia, marco]) await person.page.getByTestId("offline").waitFor();
  await giulia.says("offline from Giulia");
  await marco.says("offline from Marco");
  await server.run();
  for (const person of [giulia, marco]) {
    await person.page.locator("[data-delivery=read]").getByText("offline from").waitFor();
  }
  expect([giulia, marco].flatMap((person) => person.problems)).toEqual([]);
});

/** Writes numbered messages and waits until they are acknowledged. */
async function writes(person: Person, text: string, count: number): Promise<void> {
  const composer = person.page.getByTestId("composer");
  for (let i = 1; i <= count; i += 1) {
    await composer.fill(`${text} ${i}`);
    await composer.press("Enter");
  }
  await person.page
    .locator('[data-testid=message]:not([data-number=""])')
    .getByText(`${text} ${count}`, { exact: true })
    .waitFor();
}
