/** Ends without a goodbye: a browser killed over UDP, and a server behind a hidden page. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { openChromium, openMortalChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Silenzio";
/** After this time the server closes a silent connection. */
const IDLE_TIMEOUT_MS = 30_000;
/** How much longer it may take until everyone sees it. */
const MARGIN_MS = 5_000;
/** A hidden page notices a dead server within this time. */
const HIDDEN_NOTICED_MS = 20_000;
const ENGLISH = { locale: "en-GB" };

let chromium: Browser;
let mortal: Awaited<ReturnType<typeof openMortalChromium>>;
let lasting: TestServer;
let dying: TestServer;

beforeAll(async () => {
  [chromium, mortal, lasting, dying] = await Promise.all([
    openChromium(),
    openMortalChromium(),
    TestServer.start(),
    TestServer.start(),
  ]);
});

afterAll(async () => {
  await Promise.allSettled([chromium?.close(), mortal?.kill()]);
  await Promise.allSettled([lasting, dying].map((server) => server?.[Symbol.asyncDispose]()));
});

// Both mostly wait, so they run together.
test("a browser killed over WebTransport is offline for others once the server notices", async ({
  expect,
}) => {
  const [giulia, marco] = await Promise.all([
    Person.arrives(await chromium.newContext(ENGLISH), lasting.url, "giulia"),
    Person.arrives(await mortal.browser.newContext(ENGLISH), lasting.url, "marco"),
  ]);
  expect(await marco.transport()).toBe("webtransport");
  await giulia.makesGroup(GROUP, ["marco"]);
  await giulia.showsDetails();
  await giulia.seesPresence("marco", true);
  await mortal.kill();
  await giulia.seesPresence("marco", false, IDLE_TIMEOUT_MS + MARGIN_MS);
  expect(giulia.problems).toEqual([]);
});

test("a hidden page notices a killed server, although it asks less often", async ({ expect }) => {
  const people = await Promise.all([
    Person.arrives(await chromium.newContext(ENGLISH), dying.url, "giulia"),
    Person.arrives(await chromium.newContext(ENGLISH), dying.urlWithoutUdp, "marco"),
  ]);
  expect(await Promise.all(people.map((person) => person.transport()))).toEqual([
    "webtransport",
    "websocket",
  ]);
  await people[0].makesGroup(GROUP, ["marco"]);
  await people[1].open(GROUP);
  for (const person of people) await hide(person);
  // A hidden tab shows as away to others: the pages have noticed.
  await people[0].showsDetails();
  await people[0].page.locator('[data-user=marco] [data-availability="away"]').waitFor();
  const killed = Date.now();
  await dying.kill();
  const noticed = people.map((person) =>
    person.page.getByTestId("offline").waitFor({ timeout: HIDDEN_NOTICED_MS + MARGIN_MS }),
  );
  await Promise.all(noticed);
  expect(Date.now() - killed).toBeLessThan(HIDDEN_NOTICED_MS);
});

/** No driver can put a headless page into the background, so the page is told that it is hidden. */
async function hide(person: Person): Promise<void> {
  await person.page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
}
