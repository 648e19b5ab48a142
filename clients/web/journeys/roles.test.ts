/** Roles and how people write: guests, handing over, slow mode, announcements, and frozen rooms. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { PHONE, Stage } from "./support/stage.ts";

const GROUP = "Assemblea";

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
  await giulia.showsDetails();
});

afterAll(() => stage?.[Symbol.asyncDispose]());

function barred(person: Person, why: string) {
  return person.page.locator(`[data-testid=barred][data-why=${why}]`);
}

test("a guest reads and reacts, and has no field to write in", async () => {
  await giulia.page.getByTestId("manage-marco").click();
  await giulia.page.getByRole("radio", { name: "Guest" }).check();
  await barred(marco, "guest").getByText("Qui sei ospite").waitFor();
  await marco.page.getByText("Marco ora è ospite").waitFor();
  await giulia.page.getByRole("radio", { name: "Member" }).check();
  await marco.page.getByTestId("composer").waitFor();
  await giulia.page.keyboard.press("Escape");
  await giulia.page.getByRole("dialog").waitFor({ state: "detached" });
});

test("announcements and frozen rooms say why the field is gone", async () => {
  for (const [name, why, words] of [
    ["announcements", "announcements", "Puoi reagire"],
    ["frozen", "frozen", "congelata"],
  ] as const) {
    await giulia.page.getByTestId(name).click();
    await barred(marco, why).getByText(words).waitFor();
    await giulia.page.getByTestId("composer").waitFor();
    await giulia.page.getByTestId(name).and(giulia.page.locator(":checked")).click();
    await marco.page.getByTestId("composer").waitFor();
  }
  await giulia.page.getByText("Giulia: the room is frozen").waitFor();
});

test("in slow mode the field counts down after a message, for who does not moderate", async () => {
  await giulia.page.getByRole("radio", { name: "1 h" }).check();
  await marco.page.getByText("modalità lenta, un messaggio ogni 3600 s").waitFor();
  await marco.says("una volta");
  await marco.sees(1);
  await marco.page.getByTestId("wait").waitFor();
  await marco.page.getByTestId("composer").fill("e ancora");
  expect(await marco.page.getByTestId("send").isDisabled()).toBe(true);
  await giulia.says("io posso");
  await giulia.says("sempre");
  await marco.sees(3);
  await giulia.page.getByRole("radio", { name: "Off" }).check();
  await marco.page.getByTestId("wait").waitFor({ state: "detached" });
  await marco.page.getByTestId("composer").press("Enter");
  await giulia.sees(4);
});

test("the owner hands the room over, and the new one has the settings", async () => {
  await giulia.page.getByTestId("manage-marco").click();
  await giulia.page.getByTestId("hand-over").click();
  await giulia.page.getByText("They own it then").waitFor();
  await giulia.page.getByTestId("hand-over").click();
  await giulia.page.getByText("Marco is now an owner").waitFor();
  await giulia.page.getByText("Giulia is now an admin").waitFor();
  await marco.showsDetails();
  await marco.page.getByTestId("frozen").waitFor();
  await marco.page.getByTestId("manage-giulia").waitFor();
});

test("a group grows out of a conversation of two, which stays as it is", async () => {
  await giulia.page.getByTestId("new-conversation").click();
  await giulia.page.getByTestId("write-to-marco").click();
  await giulia.page.getByTestId("messages").waitFor({ state: "attached" });
  const { page } = giulia;
  if ((await page.getByTestId("details").getAttribute("aria-expanded")) !== "true") {
    await page.getByTestId("details").click();
  }
  await page.getByTestId("group-with").click();
  expect(await page.getByTestId("member-marco").isChecked()).toBe(true);
  await page.getByTestId("group-name").fill("In tre");
  await page.getByTestId("member-luca").check();
  await page.getByTestId("create-group").click();
  for (const person of [giulia, marco]) await person.room("In tre").waitFor({ state: "attached" });
  await giulia.room("Marco").waitFor();
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
