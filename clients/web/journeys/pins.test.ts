/** Pinned messages: who pins, what everybody sees above the conversation, and where it leads. */

import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { PHONE, Stage } from "./support/stage.ts";

const GROUP = "Torrefazione";

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  [giulia, marco] = await Promise.all([
    stage.arrives("giulia"),
    stage.arrives("marco", { locale: "it-IT", ...PHONE, udp: false }),
  ]);
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

function pins(person: Person, count: number): Locator {
  return person.page.locator(`[data-testid=pins][data-count="${count}"]`);
}

test("who moderates pins, and everybody sees it above the conversation", async () => {
  await giulia.says("Via dei Mille 12, alle nove");
  await giulia.says("Portate le tazze");
  await giulia.sees(2);
  await marco.sees(2);
  // A member may not.
  await marco.message(1).click({ button: "right" });
  await marco.page.getByTestId("message-menu").waitFor();
  expect(await marco.page.getByTestId("action-pin").count()).toBe(0);
  await marco.page.touchscreen.tap(20, 20);
  await giulia.chooses(1, "pin");
  for (const person of [giulia, marco]) {
    await pins(person, 1).getByText("Giulia: Via dei Mille 12, alle nove").waitFor();
  }
  await giulia.page.getByText("Giulia pinned a message").waitFor();
  await marco.page.getByText("Giulia ha fissato un messaggio").waitFor();
});

test("of several one is shown at a time, and each leads to its message", async () => {
  for (let line = 1; line <= 40; line += 1) {
    await giulia.page.getByTestId("composer").fill(`Riga ${line}`);
    await giulia.page.getByTestId("composer").press("Enter");
  }
  await giulia.message(42).waitFor();
  await giulia.chooses(42, "pin");
  await pins(marco, 2).getByText("Messaggio fissato 2 di 2").waitFor();
  await pins(marco, 2).getByText("Giulia: Riga 40").waitFor();
  await pins(marco, 2).click();
  await marco.message(42).and(marco.page.locator("[data-flashed=true]")).waitFor();
  await pins(marco, 2).getByText("Messaggio fissato 1 di 2").waitFor();
  await pins(marco, 2).click();
  await marco.message(1).and(marco.page.locator("[data-flashed=true]")).waitFor();
});

test("pins follow edits, deletes and who takes them back, also after a reload", async () => {
  const { page } = giulia;
  await page.getByTestId("composer").press("ArrowUp");
  await page.getByTestId("edit-bar").waitFor();
  await page.getByTestId("composer").fill("Ultima riga");
  await page.getByTestId("composer").press("Enter");
  await pins(giulia, 2).getByText("Giulia: Ultima riga").waitFor();
  await marco.reloads();
  await pins(marco, 2).getByText("Giulia: Ultima riga").waitFor();
  await giulia.chooses(42, "delete");
  await page.getByTestId("delete-now").click();
  await pins(marco, 1).getByText("Giulia: Via dei Mille 12, alle nove").waitFor();
  await pins(giulia, 1).click();
  await giulia.message(1).and(page.locator("[data-flashed=true]")).waitFor();
  await giulia.chooses(1, "unpin");
  for (const person of [giulia, marco]) {
    await person.page.getByTestId("pins").waitFor({ state: "detached" });
  }
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
