/** Deleting a message for oneself: it is gone on all devices of one person, and others notice nothing. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Degustazione";

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

test("a message disappears for one person, on every device", async () => {
  await giulia.says("Che giornata");
  await giulia.says("Lo sapevi già");
  for (const person of [giulia, marco, tablet]) await person.message(2).waitFor();
  await marco.chooses(2, "hide");
  await marco.page.getByText("Il messaggio scompare per te").waitFor();
  await marco.page.getByTestId("hide-now").click();
  for (const person of [marco, tablet]) {
    await person.message(2).waitFor({ state: "detached" });
    await person.room(GROUP).getByText("Lo sapevi già").waitFor({ state: "detached" });
    expect(await person.message(1).count()).toBe(1);
  }
  expect(await giulia.message(2).innerText()).toContain("Lo sapevi già");
});

test("nothing brings it back: edits, answers, a reload", async () => {
  const { page } = giulia;
  await page.getByTestId("composer").press("ArrowUp");
  await page.getByTestId("edit-bar").waitFor();
  await page.getByTestId("composer").fill("Lo sapevi già da ieri");
  await page.getByTestId("composer").press("Enter");
  await giulia.message(2).getByTestId("edited").waitFor();
  await giulia.message(2).hover();
  await giulia.message(2).getByTestId("message-reply").click();
  await giulia.says("Vero?");
  await marco.message(3).getByText("Questo messaggio non è disponibile").waitFor();
  await marco.reloads();
  await marco.online();
  await marco.message(3).waitFor();
  for (const person of [marco, tablet]) {
    await person.message(3).waitFor();
    expect(await person.message(2).count()).toBe(0);
    expect(await person.page.locator("main, #messages").last().innerText()).not.toContain("sapevi");
  }
  expect([giulia.problems, marco.problems, tablet.problems]).toEqual([[], [], []]);
});
