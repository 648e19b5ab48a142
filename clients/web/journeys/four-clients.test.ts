/** Four real clients in one room: the same messages in the same order, typing, presence. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  FIREFOX_CONTEXT,
  openChromium,
  openFirefox,
  openMortalChromium,
} from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";
import { TerminalPerson } from "./support/terminal.ts";

const GROUP = "Aperitivo";
/** Messages that each of the four sends. */
const EACH = 5;
/** Others see that somebody types within this time. */
const TYPING_MS = 300;
/** The idle timeout of the server and what may come on top. */
const KILLED_MS = 35_000;

let server: TestServer;
let chromium: Browser;
let firefox: Browser;
let mortal: Awaited<ReturnType<typeof openMortalChromium>>;
let giulia: Person;
let marco: Person;
let aiko: Person;
let luca: TerminalPerson;

beforeAll(async () => {
  [server, chromium, firefox, mortal] = await Promise.all([
    TestServer.start(),
    openChromium(),
    openFirefox(),
    openMortalChromium(),
  ]);
  const english = { locale: "en-GB" };
  [giulia, marco, aiko] = await Promise.all([
    Person.arrives(await chromium.newContext(english), server.url, "giulia"),
    Person.arrives(await mortal.browser.newContext(english), server.urlWithoutUdp, "marco"),
    Person.arrives(
      await firefox.newContext({ ...english, ...FIREFOX_CONTEXT }),
      server.url,
      "aiko",
    ),
  ]);
  luca = new TerminalPerson(server, "luca");
  await luca.waitFor("connection", (each) => each.lines("online")[0]);
});

afterAll(async () => {
  luca?.[Symbol.dispose]();
  await Promise.allSettled([chromium?.close(), firefox?.close(), mortal?.kill()]);
  await server?.[Symbol.asyncDispose]();
});

test("each client uses its own transport", async () => {
  expect(await giulia.transport()).toBe("webtransport");
  expect(await marco.transport()).toBe("websocket");
  expect(await aiko.transport()).toBe("webtransport");
  expect(luca.lines("online")[0]).toEqual(["online", "quic"]);
});

test("all see the same messages in the same order", async () => {
  await giulia.makesGroup(GROUP, ["marco", "aiko", "luca"]);
  await Promise.all([marco.open(GROUP), aiko.open(GROUP)]);
  const added = await luca.waitFor("new room", (each) =>
    each.lines("added").find((line) => line[2] === GROUP),
  );
  luca.types(`/open ${added[1]}`);

  const pages = [giulia, marco, aiko];
  const write = async (person: Person, index: number) => {
    for (let i = 1; i <= EACH; i += 1) await person.says(`page ${index} says ${i}`);
  };
  for (let i = 1; i <= EACH; i += 1) luca.types(`terminal says ${i}`);
  await Promise.all(pages.map(write));

  const total = (pages.length + 1) * EACH;
  const [first, ...others] = await Promise.all(pages.map((person) => person.sees(total)));
  expect(first?.map((shown) => Number(shown.number))).toEqual(
    Array.from({ length: total }, (_, i) => i + 1),
  );
  for (const other of others) expect(other).toEqual(first);
  const lines = await luca.waitFor("messages", (each) => {
    const found = each.lines("message");
    return found.length >= total ? found : undefined;
  });
  expect(lines.map(([, , , number, , text]) => ({ number, text }))).toEqual(first);
  for (let index = 0; index < pages.length; index += 1) {
    const own = first
      ?.filter(({ text }) => text.startsWith(`page ${index} `))
      .map(({ text }) => text);
    expect(own).toEqual(Array.from({ length: EACH }, (_, i) => `page ${index} says ${i + 1}`));
  }
});

test("ticks show who has read", async () => {
  await giulia.page.getByTestId("seen-by").getByText(/Marco/).waitFor();
  await giulia.page.getByTestId("seen-by").getByText(/Aiko/).waitFor();
});

test("typing shows within 300 ms of a key, in both directions and over every transport", async () => {
  const people: [string, Person][] = [
    ["Giulia", giulia],
    ["Marco", marco],
    ["Aiko", aiko],
  ];
  for (const [name, writer] of people) {
    const readers = people.map(([, person]) => person).filter((person) => person !== writer);
    const shown = readers.map((reader) => typingShown(reader, name));
    await Promise.all(readers.map((reader) => reader.page.evaluate(() => true)));
    const at = await typesKey(writer);
    const heard = await luca.waitFor("typing", (each) =>
      each.lines("typing").find((line) => line[2] === name.toLowerCase()),
    );
    expect(heard).toBeDefined();
    for (const time of await Promise.all(shown)) expect(time - at).toBeLessThan(TYPING_MS);
    await writer.page.keyboard.press("Backspace");
    await Promise.all(
      readers.map((reader) =>
        reader.page.getByTestId("typing").getByText(name).waitFor({ state: "detached" }),
      ),
    );
  }
  luca.types("/typing");
  await Promise.all(
    people.map(([, person]) => person.page.getByTestId("typing").getByText(/Luca/).waitFor()),
  );
});

test("presence ends when a window closes and when a browser is killed", async () => {
  await giulia.showsDetails();
  for (const user of ["marco", "aiko", "luca"]) await giulia.seesPresence(user, true);
  await aiko.page.close();
  await giulia.seesPresence("aiko", false);
  await mortal.kill();
  await giulia.seesPresence("marco", false, KILLED_MS);
  await giulia.seesPresence("luca", true);
});

test("no page made a request elsewhere, and none failed", () => {
  expect([giulia, marco, aiko].flatMap((person) => person.problems)).toEqual([]);
});

/** When a page shows that somebody types, by the machine's clock. */
function typingShown(reader: Person, name: string): Promise<number> {
  return reader.page.evaluate(
    (wanted) =>
      new Promise<number>((resolve, reject) => {
        const line = document.querySelector("[data-testid=typing]");
        if (!line) throw new Error("the page has no typing line");
        const observer = new MutationObserver(() => {
          if (!line.textContent?.includes(wanted)) return;
          observer.disconnect();
          resolve(Date.now());
        });
        observer.observe(line, { childList: true, subtree: true, characterData: true });
        setTimeout(() => reject(new Error(`${wanted} was never shown typing`)), 5_000);
      }),
    name,
  );
}

/** Presses a key and gives the time at which the page received it. */
async function typesKey(writer: Person): Promise<number> {
  await writer.page.getByTestId("composer").focus();
  const pressed = writer.page.evaluate(
    () =>
      new Promise<number>((resolve) =>
        addEventListener("keydown", () => resolve(Date.now()), { capture: true, once: true }),
      ),
  );
  await writer.page.evaluate(() => true);
  await writer.page.keyboard.press("h");
  return pressed;
}
