/** Drafts: what is written on one device is there on another, until it is sent. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Bozze";

let stage: Stage;
let giulia: Person;
let tablet: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia");
  await giulia.makesGroup(GROUP, ["marco"]);
  tablet = await stage.arrives("giulia", { locale: "it-IT" });
});

afterAll(() => stage?.[Symbol.asyncDispose]());

async function writes(person: Person, text: string): Promise<void> {
  await person.page.waitForFunction(
    (wanted) =>
      document.querySelector<HTMLTextAreaElement>("[data-testid=composer]")?.value === wanted,
    text,
  );
}

test("what is written on one device is in the list and the field of the other", async () => {
  await giulia.page.getByTestId("composer").pressSequentially("Ci vediamo");
  await tablet.room(GROUP).getByTestId("row-draft").getByText("Ci vediamo").waitFor();
  await tablet.open(GROUP);
  await writes(tablet, "Ci vediamo");
  await tablet.page.getByTestId("composer").press("End");
  await tablet.page.getByTestId("composer").pressSequentially(" alle otto");
  await writes(giulia, "Ci vediamo alle otto");
});

test("it is gone everywhere once it is sent, and a reload keeps what is not", async () => {
  await giulia.page.getByTestId("composer").press("Enter");
  await tablet.sees(1);
  await writes(tablet, "");
  await tablet.page.getByTestId("composer").pressSequentially("E poi");
  await writes(giulia, "E poi");
  await giulia.reloads();
  await giulia.online();
  await writes(giulia, "E poi");
  expect([giulia.problems, tablet.problems]).toEqual([[], []]);
});
