/** Reporting a message: the moderators hear of it, and nobody in the conversation does. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { PHONE, Stage } from "./support/stage.ts";

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

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia");
  marco = await stage.arrives("marco", { locale: "it-IT", ...PHONE });
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
  await giulia.says(MESSAGE);
  await marco.sees(1);
  await marco.says("Ma dai");
  await giulia.sees(2);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

/** All that a person reads in the conversation. */
function conversation(person: Person): Promise<string> {
  return person.page.getByTestId("messages").innerText();
}

test("nobody is offered to report what they wrote", async () => {
  await marco.message(2).click({ button: "right" });
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
  await marco.message(1).click({ button: "right" });
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
  const { reports } = await stage.server.asks<Reports>("reports", "/api/chat/reports");
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
