/** Starred messages: marked on all devices of one person, listed, and found again. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Chicchi";

let stage: Stage;
let giulia: Person;
let marco: Person;
let tablet: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia");
  marco = await stage.arrives("marco", { locale: "it-IT" });
  await giulia.makesGroup(GROUP, ["marco"]);
  tablet = await stage.arrives("marco");
  await marco.open(GROUP);
  await tablet.open(GROUP);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

test("a star shows on every device of the person, and on nobody else's", async () => {
  await giulia.says("Via dei Mille 12, alle nove");
  await giulia.says("Portate le tazze");
  await marco.message(2).waitFor();
  await marco.chooses(1, "star");
  await marco.chooses(2, "star");
  for (const person of [marco, tablet]) {
    for (const number of [1, 2]) await person.message(number).getByTestId("starred").waitFor();
  }
  expect(await giulia.page.getByTestId("starred").count()).toBe(0);
  await tablet.chooses(2, "unstar");
  await marco.message(2).getByTestId("starred").waitFor({ state: "detached" });
});

test("the list leads to the message, and forgets what is deleted", async () => {
  for (let line = 1; line <= 40; line += 1) {
    await giulia.page.getByTestId("composer").fill(`Riga ${line}`);
    await giulia.page.getByTestId("composer").press("Enter");
  }
  await marco.message(42).waitFor();
  await marco.reloads();
  await marco.online();
  await marco.page.getByTestId("stars").click();
  await marco.page.getByTestId("marked-message").getByText("Via dei Mille 12").click();
  await marco.message(1).and(marco.page.locator("[data-flashed=true]")).waitFor();
  await marco.message(1).getByTestId("starred").waitFor();
  await giulia.scrollsUp();
  await giulia.message(1).waitFor();
  await giulia.chooses(1, "delete");
  await giulia.page.getByTestId("delete-now").click();
  await marco.message(1).getByTestId("tombstone").waitFor();
  await marco.page.getByTestId("stars").click();
  await marco.page.getByTestId("marked-nothing").waitFor();
  expect([giulia.problems, marco.problems, tablet.problems]).toEqual([[], [], []]);
});
