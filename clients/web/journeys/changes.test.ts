/** Editing and deleting messages: by mouse, by keyboard and by touch, in both languages. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { PHONE, Stage } from "./support/stage.ts";

const GROUP = "Assaggi";

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
  await marco.room(GROUP).waitFor();
});

afterAll(() => stage?.[Symbol.asyncDispose]());

test("a message that nobody has read is deleted, and leaves a tombstone in the list too", async () => {
  await giulia.says("Sbagliato");
  await giulia.sees(1);
  await marco.room(GROUP).getByText("Sbagliato").waitFor();
  await giulia.message(1).hover();
  await giulia.message(1).getByTestId("message-more").click();
  await giulia.page.getByTestId("action-delete").click();
  await giulia.page.getByTestId("delete-now").click();
  await giulia.message(1).getByText("You deleted this message").waitFor();
  // Nothing says that it was delivered, nor that she wrote that it was deleted.
  expect(await giulia.page.getByTestId("seen-by").count()).toBe(0);
  await giulia.room(GROUP).getByText("This message was deleted", { exact: true }).waitFor();
  await marco.room(GROUP).getByText("Questo messaggio è stato eliminato").waitFor();
  expect(await marco.room(GROUP).getByText("Sbagliato").count()).toBe(0);
  await marco.open(GROUP);
  await marco.message(1).getByTestId("tombstone").waitFor();
  expect(await marco.message(1).innerText()).not.toContain("Sbagliato");
});

test("the arrow key edits the last message, and Escape leaves it as it was", async () => {
  const { page } = giulia;
  await giulia.says("alle otto");
  await giulia.sees(2);
  const composer = page.getByTestId("composer");
  await composer.press("ArrowUp");
  await page.getByTestId("edit-bar").waitFor();
  expect(await composer.inputValue()).toBe("alle otto");
  await composer.pressSequentially(" e mezza");
  await composer.press("Escape");
  await page.getByTestId("edit-bar").waitFor({ state: "detached" });
  expect(await composer.inputValue()).toBe("");
  await composer.press("ArrowUp");
  await composer.pressSequentially(" in punto");
  await composer.press("Enter");
  for (const person of [giulia, marco]) {
    await person.message(2).getByText("alle otto in punto").waitFor();
    await person.message(2).getByTestId("edited").waitFor();
  }
  await page.getByTestId("edit-bar").waitFor({ state: "detached" });
  expect(await composer.inputValue()).toBe("");
});

test("the keyboard opens the same menu, which shows what a message said before", async () => {
  const { page } = giulia;
  await page.locator("li[data-index][tabindex='0']").focus();
  await page.keyboard.press("Enter");
  const menu = page.getByTestId("message-menu");
  await menu.waitFor();
  const entries = await menu.getByRole("menuitem").allInnerTexts();
  // Marco has seen it; who made the group moderates.
  expect(entries).toEqual([
    "React…",
    "Reply",
    "Reply in thread",
    "Pin",
    "Edit",
    "Forward…",
    "Star",
    "Copy text",
    "Select",
    "Edit history",
    "Delete for everyone",
    "Delete for me",
  ]);
  await page.keyboard.press("Escape");
  await menu.waitFor({ state: "detached" });
  // A right click has the same.
  await giulia.message(2).click({ button: "right" });
  expect(await menu.getByRole("menuitem").allInnerTexts()).toEqual(entries);
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  const revisions = page.getByTestId("revisions");
  await revisions.waitFor();
  expect(await revisions.locator("p").allInnerTexts()).toEqual(["alle otto", "alle otto in punto"]);
  await page.keyboard.press("Escape");
  await revisions.waitFor({ state: "detached" });
});

test("a long press opens it on a phone, with what a member may do", async () => {
  const { page } = marco;
  const box = await marco.message(2).locator("[data-bubble]").boundingBox();
  if (!box) throw new Error("the message is not drawn");
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 20, y: box.y + box.height / 2 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByTestId("message-menu").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  expect(await page.getByRole("menuitem").allInnerTexts()).toEqual([
    "Reagisci…",
    "Rispondi",
    "Rispondi nella discussione",
    "Inoltra…",
    "Aggiungi stella",
    "Copia il testo",
    "Seleziona",
    "Segnala",
    "Elimina per me",
  ]);
  await page.touchscreen.tap(20, 20);
  await page.getByTestId("message-menu").waitFor({ state: "detached" });
});

test("what was read meanwhile its author cannot delete, and is told why", async () => {
  const { page } = marco;
  await page.getByTestId("composer").fill("un segreto");
  await page.getByTestId("composer").press("Enter");
  await giulia.message(3).waitFor();
  await page.locator('[data-testid=message][data-number="3"][data-delivery=read]').waitFor();
  await marco.message(3).click({ button: "right" });
  const menu = page.getByTestId("message-menu");
  await menu.waitFor();
  expect(await page.getByTestId("action-delete").count()).toBe(0);
  await page.getByTestId("action-edit").click();
  await page.getByTestId("composer").fill("non un segreto");
  await page.getByTestId("send").click();
  await giulia.message(3).getByText("non un segreto").waitFor();
  // Who moderates may.
  await giulia.chooses(3, "delete");
  await giulia.page.getByTestId("delete-now").click();
  await marco.message(3).getByText("Giulia ha eliminato questo messaggio").waitFor();
  await giulia.message(3).getByTestId("tombstone").waitFor();
});

test("everything is the same after a reload", async () => {
  await giulia.reloads();
  await giulia.online();
  await giulia.page.getByTestId("messages").waitFor({ state: "attached" });
  await giulia.message(2).getByText("alle otto in punto").waitFor();
  expect(await giulia.page.getByTestId("tombstone").count()).toBe(2);
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
