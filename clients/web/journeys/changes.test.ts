/** Editing and deleting messages: by mouse, by keyboard and by touch, in both languages. */

import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Assaggi";

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };
  [giulia, marco] = await Promise.all([
    Person.arrives(await chromium.newContext({ locale: "en-GB" }), server.url, "giulia"),
    Person.arrives(
      await chromium.newContext({ locale: "it-IT", ...phone }),
      server.urlWithoutUdp,
      "marco",
    ),
  ]);
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.room(GROUP).waitFor();
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

function message(person: Person, number: number): Locator {
  return person.page.locator(`[data-testid=message][data-number="${number}"]`);
}

test("a message that nobody has read is deleted, and leaves a tombstone in the list too", async () => {
  await giulia.says("Sbagliato");
  await giulia.sees(1);
  await marco.room(GROUP).getByText("Sbagliato").waitFor();
  await message(giulia, 1).hover();
  await message(giulia, 1).getByTestId("message-more").click();
  await giulia.page.getByTestId("action-delete").click();
  await giulia.page.getByTestId("delete-now").click();
  await message(giulia, 1).getByText("You deleted this message").waitFor();
  await marco.room(GROUP).getByText("Questo messaggio è stato eliminato").waitFor();
  expect(await marco.room(GROUP).getByText("Sbagliato").count()).toBe(0);
  await marco.open(GROUP);
  await message(marco, 1).getByTestId("tombstone").waitFor();
  expect(await message(marco, 1).innerText()).not.toContain("Sbagliato");
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
    await message(person, 2).getByText("alle otto in punto").waitFor();
    await message(person, 2).getByTestId("edited").waitFor();
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
    "Pin",
    "Edit",
    "Forward…",
    "Star",
    "Copy text",
    "Edit history",
    "Delete for everyone",
    "Delete for me",
  ]);
  await page.keyboard.press("Escape");
  await menu.waitFor({ state: "detached" });
  // A right click has the same.
  await message(giulia, 2).click({ button: "right" });
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
  const box = await message(marco, 2).locator("[data-bubble]").boundingBox();
  if (!box) throw new Error("the message is not drawn");
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 20, y: box.y + box.height / 2 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByTestId("message-menu").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  expect(await page.getByRole("menuitem").allInnerTexts()).toEqual([
    "Reagisci…",
    "Rispondi",
    "Inoltra…",
    "Aggiungi stella",
    "Copia il testo",
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
  await message(giulia, 3).waitFor();
  await page.locator('[data-testid=message][data-number="3"][data-delivery=read]').waitFor();
  await message(marco, 3).click({ button: "right" });
  const menu = page.getByTestId("message-menu");
  await menu.waitFor();
  expect(await page.getByTestId("action-delete").count()).toBe(0);
  await page.getByTestId("action-edit").click();
  await page.getByTestId("composer").fill("non un segreto");
  await page.getByTestId("send").click();
  await message(giulia, 3).getByText("non un segreto").waitFor();
  // Who moderates may.
  await message(giulia, 3).click({ button: "right" });
  await giulia.page.getByTestId("action-delete").click();
  await giulia.page.getByTestId("delete-now").click();
  await message(marco, 3).getByText("Giulia ha eliminato questo messaggio").waitFor();
  await message(giulia, 3).getByTestId("tombstone").waitFor();
});

test("everything is the same after a reload", async () => {
  await giulia.reloads();
  await giulia.online();
  await giulia.page.getByTestId("messages").waitFor({ state: "attached" });
  await message(giulia, 2).getByText("alle otto in punto").waitFor();
  expect(await giulia.page.getByTestId("tombstone").count()).toBe(2);
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
