/** Reporting a message: the moderators hear of it, and nobody in the conversation does. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Offerte";
const MESSAGE = "Guadagna subito con il caffè";

interface Reports {
  readonly reports: readonly {
    readonly reporter: string;
    readonly sender: string;
    readonly reason: string;
    readonly text: string;
  }[];
}

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };
  giulia = await Person.arrives(
    await chromium.newContext({ locale: "en-GB" }),
    server.url,
    "giulia",
  );
  marco = await Person.arrives(
    await chromium.newContext({ locale: "it-IT", ...phone }),
    server.url,
    "marco",
  );
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
  await giulia.says(MESSAGE);
  await marco.sees(1);
  await marco.says("Ma dai");
  await giulia.sees(2);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

function message(person: Person, number: number): Locator {
  return person.page.locator(`[data-testid=message][data-number="${number}"]`);
}

/** All that a person reads in the conversation. */
function conversation(person: Person): Promise<string> {
  return person.page.getByTestId("messages").innerText();
}

test("nobody is offered to report what they wrote", async () => {
  await message(marco, 2).click({ button: "right" });
  await marco.page.getByTestId("message-menu").waitFor();
  expect(await marco.page.getByTestId("action-report").count()).toBe(0);
  await marco.page.keyboard.press("Escape");
});

test("who reports gives a reason and is thanked, and the conversation stays as it was", async () => {
  // Until both have read everything, ticks still change.
  await Promise.all([
    marco.page.getByText("Visto da Giulia").waitFor(),
    giulia.page.getByText("Seen by Marco").waitFor(),
  ]);
  const before = [await conversation(giulia), await conversation(marco)];
  const { page } = marco;
  await message(marco, 1).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Segnala" }).click();
  const dialog = page.getByRole("dialog", { name: "Segnala messaggio" });
  await dialog.getByText("Che cosa non va?").waitFor();
  await dialog.getByText("Nella conversazione nessuno viene avvisato").waitFor();
  // Without a reason there is nothing to send.
  expect(await dialog.getByTestId("report-now").isDisabled()).toBe(true);
  await dialog.getByTestId("reason-scam").check();
  await dialog.getByTestId("report-text").fill("Chiede soldi");
  await dialog.getByTestId("report-now").click();
  await page.getByText("Grazie. I moderatori hanno ricevuto la segnalazione.").waitFor();
  await dialog.getByRole("button", { name: "Chiudi" }).last().click();
  await dialog.waitFor({ state: "detached" });
  expect([await conversation(giulia), await conversation(marco)]).toEqual(before);
});

test("the moderators have it, once", async () => {
  const { reports } = await server.asks<Reports>("reports", "/api/chat/reports");
  const told = reports.map(({ reporter, sender, reason, text }) => [
    reporter,
    sender,
    reason,
    text,
  ]);
  expect(told).toEqual([["marco", "giulia", "scam", "Chiede soldi"]]);
});

test("what is said next follows on what was said before, on both pages", async () => {
  await giulia.says("Allora?");
  for (const person of [giulia, marco]) {
    const shown = await person.sees(3);
    expect(shown.map(({ text }) => text)).toEqual([MESSAGE, "Ma dai", "Allora?"]);
    expect(await conversation(person)).not.toMatch(/report|segnal/i);
  }
  await giulia.reloads();
  await giulia.sees(3);
  expect(await conversation(giulia)).not.toMatch(/report|segnal/i);
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
