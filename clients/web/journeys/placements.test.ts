/** The list: pinning, archiving and hiding conversations, and finding them by name. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { PHONE, Stage } from "./support/stage.ts";

const ROOMS = ["Moka", "Caffè lungo", "Ristretto"];

let stage: Stage;
let giulia: Person;
let tablet: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  [giulia, tablet, marco] = await Promise.all([
    stage.arrives("giulia"),
    stage.arrives("giulia", { locale: "it-IT", ...PHONE, udp: false }),
    stage.arrives("marco"),
  ]);
  for (const name of ROOMS) {
    await giulia.makesGroup(name, ["marco"]);
    await giulia.says(`In ${name}`);
    await giulia.sees(1);
  }
  for (const person of [tablet, marco]) await person.room("Ristretto").waitFor();
});

afterAll(() => stage?.[Symbol.asyncDispose]());

async function places(person: Person, title: string, action: string): Promise<void> {
  await person.room(title).click({ button: "right" });
  await person.page.getByTestId(`room-${action}`).click();
}

/** Waits until these of the rooms are shown, in this order. */
async function shows(person: Person, titles: readonly string[]): Promise<void> {
  await person.page.waitForFunction(
    ([wanted, all]) => {
      const rows = [...document.querySelectorAll<HTMLElement>("[data-testid=room]")];
      const shown = rows.map((row) => row.dataset.title ?? "");
      return (
        JSON.stringify(shown.filter((title) => all?.includes(title))) === JSON.stringify(wanted)
      );
    },
    [titles, ROOMS],
  );
}

test("a pinned conversation is the first one, on every device", async () => {
  for (const person of [giulia, tablet]) await shows(person, ["Ristretto", "Caffè lungo", "Moka"]);
  await places(giulia, "Moka", "pinRoom");
  for (const person of [giulia, tablet]) {
    await shows(person, ["Moka", "Ristretto", "Caffè lungo"]);
    await person.room("Moka").getByTestId("row-pinned").waitFor();
  }
  await giulia.reloads();
  await shows(giulia, ["Moka", "Ristretto", "Caffè lungo"]);
  await shows(marco, ["Ristretto", "Caffè lungo", "Moka"]);
});

test("what is archived is behind a button, and back with the next message unless it is muted", async () => {
  await places(giulia, "Caffè lungo", "archive");
  await shows(giulia, ["Moka", "Ristretto"]);
  await giulia.page.getByText("Archived (1)").waitFor();
  await tablet.page.getByText("Archiviate (1)").click();
  await shows(tablet, ["Moka", "Ristretto", "Caffè lungo"]);
  await marco.open("Caffè lungo");
  await marco.says("Arrivo");
  await shows(giulia, ["Moka", "Caffè lungo", "Ristretto"]);
  await giulia.badge("Caffè lungo", 1);
  // From the details, and muted.
  await giulia.open("Caffè lungo");
  await giulia.showsDetails();
  await giulia.page.getByTestId("details-archive").click();
  await giulia.page.getByTestId("details-unarchive").waitFor();
  await giulia.page.getByTestId("mute-always").click();
  await giulia.page.getByTestId("muted").waitFor();
  await marco.says("Sono qui");
  await giulia.sees(3);
  await shows(giulia, ["Moka", "Ristretto"]);
  await giulia.page.getByTestId("unmute").click();
  await shows(giulia, ["Moka", "Caffè lungo", "Ristretto"]);
});

test("what is hidden is found by its name, and back with the next message", async () => {
  await places(giulia, "Ristretto", "hideRoom");
  for (const person of [giulia, tablet]) await shows(person, ["Moka", "Caffè lungo"]);
  await giulia.page.getByTestId("filter-rooms").fill("RISTR");
  await shows(giulia, ["Ristretto"]);
  await giulia.page.getByTestId("filter-rooms").fill("decaffeinato");
  await giulia.page.getByText("No conversation has this name.").waitFor();
  await giulia.page.getByTestId("filter-rooms").press("Escape");
  await shows(giulia, ["Moka", "Caffè lungo"]);
  await marco.open("Ristretto");
  await marco.says("Doppio");
  for (const person of [giulia, tablet]) await shows(person, ["Moka", "Ristretto", "Caffè lungo"]);
  expect([giulia.problems, tablet.problems, marco.problems]).toEqual([[], [], []]);
});
