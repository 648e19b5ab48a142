/** Behind a proxy that lets neither UDP nor WebSocket through, the page uses server-sent events and POST. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { OfficeProxy } from "./support/proxy.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Ufficio";
/** More than a moment's messages, fewer than a page. */
const MISSED = 5;

let server: TestServer;
let proxy: OfficeProxy;
let chromium: Browser;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  proxy = await OfficeProxy.start(server.port);
  const office = await chromium.newContext({ locale: "it-IT" });
  giulia = await Person.arrives(office, proxy.url, "giulia");
  marco = await Person.arrives(await chromium.newContext({ locale: "en-GB" }), server.url, "marco");
});

afterAll(async () => {
  await chromium?.close();
  await proxy?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

test("a person signs in, and the page says what it uses", async () => {
  await giulia.page.locator("[data-testid=connection][data-transport=sse]").first().waitFor();
  const status = giulia.page.getByTestId("connection").first().getByRole("status");
  await status.getByText("Eventi del server").waitFor();
  expect(proxy.refused).toBeGreaterThan(0);
  expect(proxy.streams).toBe(1);
});

test("messages arrive in both directions, also long ones and many at once", async () => {
  await marco.makesGroup(GROUP, ["giulia"]);
  await giulia.open(GROUP);
  await giulia.says("dall'ufficio");
  await marco.sees(1);
  await marco.says("from outside: perché no? 🙂");
  await giulia.sees(2);
  for (const text of ["a", "b", "c"]) await giulia.says(text);
  const expected = ["dall'ufficio", "from outside: perché no? 🙂", "a", "b", "c"];
  for (const person of [giulia, marco]) {
    expect((await person.sees(5)).map(({ text }) => text)).toEqual(expected);
  }
});

test("a stream that is cut comes back and has what was missed, once and in order", async () => {
  proxy.close(true);
  proxy.cut();
  await giulia.page.getByTestId("offline").waitFor();
  await giulia.says("scritto senza rete");
  const missed = Array.from({ length: MISSED }, (_, index) => `missed ${index}`);
  for (const text of missed) await marco.says(text);
  await marco.sees(5 + MISSED);
  proxy.close(false);
  await giulia.online();
  expect(await giulia.transport()).toBe("sse");
  const expected = [...missed, "scritto senza rete"];
  for (const person of [giulia, marco]) {
    const shown = await person.sees(5 + expected.length);
    expect(shown.slice(-expected.length).map(({ text }) => text)).toEqual(expected);
  }
});
