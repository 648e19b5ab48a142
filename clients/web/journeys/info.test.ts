/** What a group is called, what it is for, and what those see of it who join later. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/accessible.ts";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Sabato";
const RENAMED = "Domenica al mare";
const DESCRIPTION = "Pranzo al sacco.\nSi parte alle nove, dalla stazione.";
const SECRET = "Di questo chi arriva dopo non sa nulla";
const WIDE = { viewport: { width: 1440, height: 900 } } as const;

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  [giulia, marco] = await Promise.all([
    stage.arrives("giulia", WIDE),
    stage.arrives("marco", { ...WIDE, locale: "it-IT", udp: false }),
  ]);
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
  await giulia.showsDetails();
  await marco.showsDetails();
});

afterAll(() => stage?.[Symbol.asyncDispose]());

/** Waits until somebody sees what a group is called: in the list, above the conversation, and in its details. */
async function seesName(person: Person, name: string): Promise<void> {
  await person.room(name).waitFor();
  for (const place of ["room-title", "details-title"]) {
    await person.page.getByTestId(place).getByText(name, { exact: true }).waitFor();
  }
}

test("the owner says by keyboard what a group is called and what it is for, and others see it at once", async () => {
  const { page } = giulia;
  await page.getByTestId("describe").focus();
  await page.keyboard.press("Enter");
  const name = page.getByTestId("describe-name");
  expect(await name.inputValue()).toBe(GROUP);
  expect(await page.getByTestId("describe-now").isDisabled()).toBe(true);
  expect(await violations(page)).toEqual([]);
  // The name has the focus.
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(RENAMED);
  // What is written is there again after the window was closed.
  await page.keyboard.press("Escape");
  await name.waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  expect(await name.inputValue()).toBe(RENAMED);
  await page.keyboard.press("Tab");
  await page.keyboard.type(DESCRIPTION);
  await page.getByTestId("describe-now").press("Enter");
  await name.waitFor({ state: "detached" });
  for (const person of [giulia, marco]) {
    await seesName(person, RENAMED);
    expect(await person.page.getByTestId("description").innerText()).toBe(DESCRIPTION);
  }
  const said = `Giulia changed the name to “${RENAMED}” and added a description`;
  await page.getByText(said).waitFor();
  const dice = `Giulia ha cambiato il nome in «${RENAMED}» e ha aggiunto una descrizione`;
  await marco.page.getByText(dice).waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe(
    "describe",
  );
});

test("a member reads it and has nothing to change it with", async () => {
  expect(await marco.page.getByTestId("describe").count()).toBe(0);
  expect(await violations(marco.page)).toEqual([]);
});

test("an admin takes the description away, and chooses what later members see", async () => {
  await giulia.page.getByTestId("manage-marco").click();
  await giulia.page.getByRole("radio", { name: "Admin" }).check();
  await giulia.page.keyboard.press("Escape");
  const { page } = marco;
  await page.getByTestId("describe").click();
  await page.getByTestId("describe-name").fill("è".repeat(65));
  await page.getByText("Il nome è troppo lungo.").waitFor();
  expect(await page.getByTestId("describe-now").isDisabled()).toBe(true);
  expect(await violations(page)).toEqual([]);
  await page.getByTestId("describe-name").fill(RENAMED);
  await page.getByTestId("describe-text").fill("");
  await page.getByTestId("history").selectOption("last 50");
  await page.getByTestId("describe-now").click();
  for (const person of [giulia, marco]) {
    await person.page.getByTestId("description").waitFor({ state: "detached" });
  }
  const said = "Marco removed the description and made the last 50 messages visible to new members";
  await giulia.page.getByText(said).waitFor();
  await page.getByTestId("describe").click();
  expect(await page.getByTestId("history").inputValue()).toBe("last 50");
  await page.keyboard.press("Escape");
});

test("a group can keep what was written from those who join later", async () => {
  const { page } = giulia;
  await page.getByTestId("new-conversation").click();
  await page.getByRole("radio", { name: "Group" }).check();
  expect(await page.getByTestId("history").inputValue()).toBe("all");
  await page.getByTestId("group-name").fill("Sorpresa");
  await page.getByTestId("history").selectOption("from_joining");
  expect(await violations(page)).toEqual([]);
  await page.getByTestId("create-group").click();
  await page.getByTestId("room-title").getByText("Sorpresa", { exact: true }).waitFor();
  await giulia.says(SECRET);
  await giulia.sees(1);
  await giulia.showsDetails();
  await page.getByTestId("add-members").click();
  await page.getByTestId("member-marco").check();
  await page.getByTestId("add-picked").click();
  await marco.open("Sorpresa");
  await giulia.says("Benvenuto");
  expect(await marco.sees(1)).toMatchObject([{ text: "Benvenuto" }]);
  expect(await marco.page.getByText(SECRET).count()).toBe(0);
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});

test("its windows are for every screen, light and dark", async () => {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [360, 768, 1440]) {
      const viewport = { width, height: 740 };
      const person = await stage.arrives("giulia", { locale: "it-IT", viewport, colorScheme });
      const { page, problems } = person;
      const shown = `${width}, ${colorScheme}`;
      const isRight = async () => {
        expect(await violations(page), shown).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), shown).toBe(width);
      };
      await page.getByTestId("new-conversation").click();
      await page.getByRole("radio", { name: "Gruppo" }).check();
      await page.getByTestId("history").waitFor();
      await isRight();
      await page.keyboard.press("Escape");
      await person.open(RENAMED);
      await person.showsDetails();
      await page.getByTestId("describe").click();
      await page.getByTestId("describe-text").fill(DESCRIPTION);
      await isRight();
      await page.getByTestId("describe-now").click();
      await page.getByTestId("description").waitFor();
      await isRight();
      // The next one begins where this one did.
      await page.getByTestId("describe").click();
      await page.getByTestId("describe-text").fill("");
      await page.getByTestId("describe-now").click();
      await page.getByTestId("description").waitFor({ state: "detached" });
      expect(problems).toEqual([]);
      await page.context().close();
    }
  }
});
