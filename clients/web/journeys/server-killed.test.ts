/** The server dies while pages are open: they notice, keep what is written, and show nothing twice. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Colazione";
/** A visible page notices a dead server within this time. */
const NOTICED_MS = 3_000;

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const english = { locale: "en-GB" };
  giulia = await Person.arrives(await chromium.newContext(english), server.url, "giulia");
  marco = await Person.arrives(await chromium.newContext(english), server.urlWithoutUdp, "marco");
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
  await giulia.says("before");
  await Promise.all([giulia.sees(1), marco.sees(1)]);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

test("a killed server is noticed in 3 s, and what is written meanwhile arrives once", async () => {
  expect(await giulia.transport()).toBe("webtransport");
  expect(await marco.transport()).toBe("websocket");
  const noticed = [giulia, marco].map((person) =>
    person.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const observer = new MutationObserver(() => {
            if (!document.querySelector("[data-testid=offline]")) return;
            observer.disconnect();
            resolve(Date.now());
          });
          observer.observe(document.body, { childList: true, subtree: true });
        }),
    ),
  );
  await giulia.page.evaluate(() => true);
  const killed = Date.now();
  await server.kill();
  for (const time of await Promise.all(noticed)) expect(time - killed).toBeLessThan(NOTICED_MS);

  for (const text of ["one", "two", "three"]) await giulia.says(`giulia ${text}`);
  for (const text of ["one", "two", "three"]) await marco.says(`marco ${text}`);
  const waiting = giulia.page.locator(
    "[data-testid=message]:is([data-delivery=queued],[data-delivery=sending])",
  );
  expect(await waiting.count()).toBe(3);

  await server.run();
  const [first, second] = await Promise.all([giulia.sees(7), marco.sees(7)]);
  expect(first).toEqual(second);
  const texts = first?.map((shown) => shown.text) ?? [];
  expect(texts[0]).toBe("before");
  expect(texts.filter((text) => text.startsWith("giulia"))).toEqual([
    "giulia one",
    "giulia two",
    "giulia three",
  ]);
  expect(texts.filter((text) => text.startsWith("marco"))).toEqual([
    "marco one",
    "marco two",
    "marco three",
  ]);
  expect(first?.map((shown) => shown.number)).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
});

test("a message that was not sent survives a reload and arrives once", async () => {
  await server.kill();
  await giulia.page.getByTestId("offline").waitFor();
  await giulia.says("after the reload");
  await server.run();
  await giulia.reloads();
  await giulia.online();
  const [first, second] = await Promise.all([giulia.sees(8), marco.sees(8)]);
  expect(first?.at(-1)?.text).toBe("after the reload");
  expect(second).toEqual(first);
});

test("no page failed", () => {
  expect([giulia, marco].flatMap((person) => person.problems)).toEqual([]);
});
