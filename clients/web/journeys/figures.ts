/**
 * Prints how fast the page is: from a key to its bubble, and back after a restart of the server.
 * `npm run figures`; nothing here fails because of a time.
 */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Misure";
/** Messages that are written for the first figure. */
const MESSAGES = 100;
/** How often the server is killed and started for the second. */
const RESTARTS = 10;
/** After this time a connection resets the client's backoff, in milliseconds. */
const STEADY_MS = 6_000;

let server: TestServer;
let chromium: Browser;

beforeAll(async () => {
  [server, chromium] = await Promise.all([
    TestServer.start("--messages-per-second", "1000"),
    openChromium(),
  ]);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

for (const transport of ["webtransport", "websocket"] as const) {
  test(`over ${transport}`, async () => {
    const url = transport === "webtransport" ? server.url : server.urlWithoutUdp;
    const person = await Person.arrives(
      await chromium.newContext({ locale: "en-GB" }),
      url,
      "giulia",
    );
    expect(await person.transport()).toBe(transport);
    await person.makesGroup(`${GROUP} ${transport}`, ["marco"]);

    const bubbles: number[] = [];
    const acknowledgements: number[] = [];
    for (let i = 0; i < MESSAGES; i += 1) {
      const times = keyToBubble(person, `message ${i}`);
      await person.page.evaluate(() => true);
      await person.page.getByTestId("composer").fill(`message ${i}`);
      await person.page.keyboard.press("Enter");
      const { bubble, acknowledged } = await times;
      bubbles.push(bubble);
      acknowledgements.push(acknowledged);
    }
    print(`${transport}: key to bubble on the screen`, bubbles);
    print(`${transport}: key to the tick of the server`, acknowledgements);

    const sinceKill: number[] = [];
    const sinceStart: number[] = [];
    for (let i = 0; i < RESTARTS; i += 1) {
      // Connections that end soon after they began are tried again more slowly, which is another figure.
      await person.page.waitForTimeout(STEADY_MS);
      const killed = performance.now();
      await server.kill();
      await person.says(`back ${i}`);
      await server.run();
      const started = performance.now();
      await person.page
        .locator('[data-testid=message]:not([data-number=""])')
        .getByText(`back ${i}`, { exact: true })
        .waitFor();
      const back = performance.now();
      sinceKill.push(back - killed);
      sinceStart.push(back - started);
    }
    print(`${transport}: from a kill to the tick of a message written then`, sinceKill);
    print(`${transport}: the same from the first answer of the new server`, sinceStart);
    await person.page.context().close();
  }, 300_000);
}

/** From the next Enter until its bubble was drawn, and until it has the server's tick. */
function keyToBubble(
  person: Person,
  text: string,
): Promise<{ bubble: number; acknowledged: number }> {
  return person.page.evaluate(
    (wanted) =>
      new Promise((resolve) => {
        let pressed = 0;
        let bubble = 0;
        const listener = (event: KeyboardEvent) => {
          if (event.key !== "Enter") return;
          removeEventListener("keydown", listener, { capture: true });
          pressed = performance.now();
          const look = () => {
            const rows = [...document.querySelectorAll<HTMLElement>("[data-testid=message]")];
            const row = rows.findLast(
              (each) => each.querySelector("[data-testid=text]")?.textContent === wanted,
            );
            // A frame callback runs before its frame is drawn, so the next one runs after.
            if (row && bubble === 0) requestAnimationFrame(() => (bubble = performance.now()));
            if (bubble > 0 && row?.dataset.number) {
              resolve({ bubble: bubble - pressed, acknowledged: performance.now() - pressed });
            } else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        };
        addEventListener("keydown", listener, { capture: true });
      }),
    text,
  );
}

/** A line with the median, the 95th percentile and the largest. */
function print(what: string, milliseconds: readonly number[]): void {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(1);
  const figures = `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, largest ${at(1)} ms`;
  process.stdout.write(`${what}: ${figures} (${sorted.length} times)\n`);
}
