/** A browser uses the REST API over HTTP/3, on a host that has it. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromiumOverHttp3 } from "./support/browsers.ts";
import { TestServer } from "./support/server.ts";

const HOST = "api.localhost";

let server: TestServer;
let chromium: Browser;
let page: Page;
let key: string;

beforeAll(async () => {
  server = await TestServer.start("--hosts", `localhost,${HOST}`, "--http3-hosts", HOST);
  key = await server.key("rooms,members,notices,states");
  chromium = await openChromiumOverHttp3(HOST, server.port, await server.keyHash());
  page = await chromium.newPage();
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

/** Asks from within the page. */
function asks(method: string, path: string, body?: unknown) {
  const run = async ([method, path, key, body]: [string, string, string, unknown]) => {
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "idempotency-key": `${crypto.randomUUID().replaceAll("-", "")};time=${Date.now()}`,
    };
    const content = body === undefined ? null : JSON.stringify(body);
    const response = await fetch(path, { method, headers, body: content });
    return { status: response.status, body: await response.json() };
  };
  return page.evaluate(run, [method, path, key, body] as [string, string, string, unknown]);
}

/** By what protocols everything came that the page has asked for. */
function protocols(): Promise<string[]> {
  return page.evaluate(() => {
    const entries = [
      ...performance.getEntriesByType("navigation"),
      ...performance.getEntriesByType("resource"),
    ];
    return [
      ...new Set(entries.map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol)),
    ];
  });
}

test("the description of the API comes whole", async () => {
  const path = "/api/chat/openapi.json";
  await page.goto(`https://${HOST}:${server.port}${path}`);
  expect((await asks("GET", path)).body.openapi).toMatch(/^3\.1/);
  expect(await protocols()).toEqual(["h3"]);
});

test("rooms are made, written to and refused as over TCP", async () => {
  const context = "/api/chat/contexts/meetup/42";
  const made = await asks("PUT", context, { class: "social", members: ["giulia"] });
  expect(made.status).toBe(200);
  const messages = `/api/chat/rooms/${made.body.room}/messages`;
  const notice = { body: { system: { notice: { text: "è alle nove ☕" } } } };
  expect(await asks("POST", messages, notice)).toMatchObject({ status: 200 });
  expect(await asks("GET", context)).toMatchObject({ body: { room: made.body.room } });
  const large = { body: { system: { notice: { text: "x".repeat(300_000) } } } };
  expect((await asks("POST", messages, large)).body.code).toBe("too_large");
  expect((await asks("GET", "/api/chat/contexts/meetup/43")).body.code).toBe("not_found");
  expect(await protocols()).toEqual(["h3"]);
});
