/** WebKit has no usable WebTransport: it talks to everyone else over WebSocket. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";
import { WebKit } from "./support/webkit.ts";

const GROUP = "Aperitivo";

let server: TestServer;
let chromium: Browser;
let webkit: WebKit;
let marco: Person;

beforeAll(async () => {
  [server, chromium, webkit] = await Promise.all([
    TestServer.start(),
    openChromium(),
    WebKit.open(),
  ]);
  marco = await Person.arrives(await chromium.newContext({ locale: "en-GB" }), server.url, "marco");
  await marco.makesGroup(GROUP, ["giulia"]);
});

afterAll(async () => {
  await Promise.allSettled([chromium?.close(), webkit?.[Symbol.asyncDispose]()]);
  await server?.[Symbol.asyncDispose]();
});

test("a person signs in, and the page says that it uses WebSocket", async () => {
  await webkit.goTo(server.url);
  await webkit.click("[data-testid=user-giulia]");
  const transport = await webkit.waitFor<string>(
    "connection",
    "document.querySelector('[data-testid=connection][data-phase=online]')?.dataset.transport ?? null",
  );
  expect(transport).toBe("websocket");
  const told = await webkit.waitFor<string>(
    "transport",
    "document.querySelector('[data-testid=connection] [role=status]')?.textContent ?? null",
  );
  expect(told).toBe("WebSocket");
});

test("messages arrive in both directions", async () => {
  await webkit.click(`[data-title="${GROUP}"]`);
  await webkit.types("[data-testid=composer]", "from WebKit");
  await marco.sees(1);
  await marco.says("from Chromium");
  const texts = await webkit.waitFor<string[]>(
    "two messages",
    `(() => {
      const rows = document.querySelectorAll("[data-testid=message]:not([data-number='']) [data-testid=text]");
      return rows.length < 2 ? null : [...rows].map((row) => row.textContent);
    })()`,
  );
  expect(texts).toEqual(["from WebKit", "from Chromium"]);
  expect(await marco.shown()).toMatchObject([{ text: "from WebKit" }, { text: "from Chromium" }]);
});

test("it sees who types, and what was read", async () => {
  await marco.page.getByTestId("composer").pressSequentially("h");
  await webkit.waitFor(
    "typing line",
    "document.querySelector('[data-testid=typing]').textContent.includes('Marco') || null",
  );
  await webkit.waitFor(
    "tick",
    "document.querySelector('[data-own=true][data-delivery=read]') ? true : null",
  );
  expect(marco.problems).toEqual([]);
});
