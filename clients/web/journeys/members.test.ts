/** Managing a group and one's own presence: who may do what, and that everyone sees it. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Degustazione";

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  [giulia, marco] = await Promise.all([
    stage.arrives("giulia"),
    stage.arrives("marco", { udp: false }),
  ]);
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
  await Promise.all([giulia.showsDetails(), marco.showsDetails()]);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

test("a member is offered only what they may do", async () => {
  expect(await marco.page.getByTestId("add-members").count()).toBe(0);
  expect(await marco.page.locator("[data-testid^=manage-]").count()).toBe(0);
  expect(await marco.page.getByTestId("leave").count()).toBe(1);
});

test("an owner adds people by name and by id, and is told why not", async () => {
  const { page } = giulia;
  await page.getByTestId("add-members").click();
  await page.getByTestId("user-ids").fill("nobody-of-this-name");
  await page.getByTestId("add-picked").click();
  await page.getByRole("alert").getByText("Nobody has this id").waitFor();
  await page.getByTestId("user-ids").fill("luca");
  await page.getByTestId("member-aiko").check();
  await page.getByTestId("add-picked").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  for (const person of [giulia, marco]) {
    for (const user of ["aiko", "luca"]) await member(person, user).waitFor();
    await person.page.getByTestId("room-status").getByText("4 members").waitFor();
  }
  expect(await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe(
    "add-members",
  );
});

test("a new role brings its permissions", async () => {
  await giulia.page.getByTestId("manage-marco").click();
  await giulia.page.getByRole("radio", { name: "Admin" }).check();
  await member(giulia, "marco").and(giulia.page.locator("[data-role=admin]")).waitFor();
  await giulia.page.keyboard.press("Escape");
  await marco.page.getByTestId("manage-luca").waitFor();
  expect(await marco.page.getByTestId("manage-giulia").count()).toBe(0);

  await marco.page.getByTestId("manage-luca").click();
  // All roles but the owner's.
  expect(await marco.page.getByRole("dialog").getByRole("radio").count()).toBe(4);
  await marco.page.getByTestId("remove-member").click();
  await marco.page.getByTestId("remove-member").click();
  for (const person of [giulia, marco]) await member(person, "luca").waitFor({ state: "detached" });
});

test("a group keeps somebody in charge", async () => {
  await giulia.page.getByTestId("manage-marco").click();
  await giulia.page.getByRole("radio", { name: "Member" }).check();
  await member(giulia, "marco").and(giulia.page.locator("[data-role=member]")).waitFor();
  await giulia.page.keyboard.press("Escape");
  await giulia.page.getByTestId("leave").click();
  await giulia.page.getByTestId("leave-now").click();
  await giulia.page.getByRole("alert").getByText("another owner or admin").waitFor();
  await giulia.page.keyboard.press("Escape");
});

test("words and away show to others, and last over a reload", async () => {
  await sets(giulia, async (page) => {
    await page.getByTestId("status").fill("at the counter");
    await page.getByTestId("save-status").click();
    await page.getByTestId("save-status").getByText("Saved").waitFor();
    await page.getByTestId("away").check();
  });
  await member(marco, "giulia").getByText("Away · at the counter").waitFor();
  await marco.room("Giulia").getByText("at the counter").waitFor();

  await giulia.reloads();
  await giulia.online();
  await sets(giulia, async (page) => {
    await page.getByTestId("away").uncheck();
    await member(marco, "giulia").getByText("Online · at the counter").waitFor();
    await page.waitForFunction(
      () =>
        document.querySelector<HTMLInputElement>("[data-testid=status]")?.value ===
        "at the counter",
    );
    await page.getByTestId("status").fill("x".repeat(201));
    await page.getByTestId("save-status").click();
    await page.getByRole("alert").getByText("The text is too long").waitFor();
    await page.getByTestId("status").fill("");
    await page.getByTestId("save-status").click();
    await page.getByTestId("save-status").getByText("Saved").waitFor();
  });
  await member(marco, "giulia").getByText("Online", { exact: true }).waitFor();
});

test("private reading is not shown to others", async () => {
  await sets(giulia, async (page) => {
    await page.getByTestId("private-receipts").check();
  });
  await marco.says("nobody knows who read this");
  await giulia.open(GROUP);
  await giulia.sees(1);
  await giulia.badge(GROUP, null);
  await giulia.says("but it was read");
  await marco.sees(2);
  const own = marco.page.locator("[data-testid=message][data-own=true]").last();
  expect(await own.getAttribute("data-delivery")).not.toBe("read");
});

test("a member who leaves is gone, and no page failed", async () => {
  await marco.page.getByTestId("leave").click();
  await marco.page.getByTestId("leave-now").click();
  await marco.room(GROUP).waitFor({ state: "detached" });
  await giulia.showsDetails();
  await member(giulia, "marco").waitFor({ state: "detached" });
  expect([giulia, marco].flatMap((person) => person.problems)).toEqual([]);
});

function member(person: Person, user: string) {
  return person.page.locator(`[data-testid=members] [data-user="${user}"]`);
}

/** Does something in the settings. */
async function sets(person: Person, act: (page: Person["page"]) => Promise<void>): Promise<void> {
  await person.page.getByTestId("settings").click();
  await act(person.page);
  await person.page.keyboard.press("Escape");
  await person.page.getByRole("dialog").waitFor({ state: "detached" });
}
