/** A cafe's room: people walk in and out, see who is there, and read what was said before them. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/accessible.ts";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia");
  marco = await stage.arrives("marco", { locale: "it-IT", udp: false });
});

afterAll(() => stage?.[Symbol.asyncDispose]());

async function walksIn({ page }: Person): Promise<void> {
  await page.getByTestId("new-conversation").click();
  await page.locator("input[name=kind]").nth(2).check();
  await page.getByTestId("cafe-gilli").click();
  await page.getByTestId("room-title").getByText("Caffè Gilli").waitFor();
}

/** Waits until exactly these people are listed as being there. */
async function here(person: Person, users: readonly string[]): Promise<void> {
  const list = person.page.getByTestId("members").locator("[data-user]");
  await expect
    .poll(() => list.evaluateAll((rows) => rows.map((row) => row.getAttribute("data-user"))))
    .toEqual(users);
}

test("who walks in reads what was said before, and is seen by those inside", async () => {
  await walksIn(giulia);
  for (const words of ["Is there a free table?", "Two, by the window"]) await giulia.says(words);
  await giulia.showsDetails();
  await here(giulia, ["giulia"]);
  await walksIn(marco);
  await marco.sees(2);
  await here(giulia, ["giulia", "marco"]);
  await giulia.page.getByTestId("room-status").getByText("2 people here").waitFor();
  await marco.showsDetails();
  await here(marco, ["giulia", "marco"]);
  await marco.page.getByRole("heading", { name: "Chi è qui" }).waitFor();
  expect(await violations(marco.page)).toEqual([]);
  await marco.says("Arrivo con un tavolo in meno");
  await giulia.sees(3);
});

test("what is talked about shows, and nobody manages anybody", async () => {
  await marco.says("Un tavolo per quattro");
  await giulia.page.getByTestId("topics").getByText("tavolo").waitFor();
  expect(await giulia.page.locator("[data-testid^=manage-]").count()).toBe(0);
  for (const control of ["add-members", "describe", "leave"]) {
    expect(await giulia.page.getByTestId(control).count(), control).toBe(0);
  }
});

test("who walks out is gone for those inside, and comes back to what was said", async () => {
  await marco.page.getByRole("button", { name: "Esci dalla sala" }).click();
  await here(giulia, ["giulia"]);
  await giulia.page.getByTestId("room-status").getByText("1 person here").waitFor();
  await giulia.says("While he was away");
  await walksIn(marco);
  await marco.sees(5);
  await here(giulia, ["giulia", "marco"]);
  // A closed page has walked out, too.
  await marco.page.close();
  await here(giulia, ["giulia"]);
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
