/** Mentions: completed while they are written, set off where they are read, and found from the list. Emoji are completed alike. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/accessible.ts";
import type { Person } from "./support/person.ts";
import { PHONE, Stage } from "./support/stage.ts";

const GROUP = "Latte art";

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia");
  marco = await stage.arrives("marco", { locale: "it-IT", ...PHONE, udp: false });
  await giulia.makesGroup(GROUP, ["marco"]);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

test("a name is completed by the keyboard, and the conversation shows that somebody was mentioned", async () => {
  const { page } = giulia;
  const composer = page.getByTestId("composer");
  await composer.pressSequentially("Ciao @mar");
  await page.getByTestId("mention-marco").waitFor();
  expect(await composer.getAttribute("aria-activedescendant")).not.toBeNull();
  // Escape closes the list, and writing on opens it for the next name.
  await composer.press("Escape");
  await page.getByTestId("mention-list").waitFor({ state: "detached" });
  await composer.fill("");
  await composer.pressSequentially("Ciao @");
  await page.getByTestId("mention-room").waitFor();
  await composer.press("ArrowDown");
  await composer.press("ArrowUp");
  await composer.press("Enter");
  await page.getByTestId("mention-list").waitFor({ state: "detached" });
  expect(await composer.inputValue()).toMatch(/^Ciao @Marco\S* ?.* $/);
  await composer.pressSequentially("vieni?");
  await composer.press("Enter");
  await giulia.message(1).getByTestId("mention").waitFor();
  await giulia.says("E gli altri?");
  await marco.badge(GROUP, 2);
  await marco.room(GROUP).getByTestId("row-mentioned").waitFor();
  await marco.page.locator("[data-testid=mentions][data-unread='1']").waitFor();
});

test("the list leads to the place, and reading it is all it takes", async () => {
  const { page } = marco;
  await page.getByTestId("mentions").click();
  const found = page.getByTestId("marked-message");
  await found.getByText("vieni?").waitFor();
  expect(await found.getAttribute("data-unread")).toBe("true");
  await found.click();
  await marco.message(1).and(page.locator("[data-flashed=true]")).waitFor();
  expect(await marco.message(1).getAttribute("data-mentioned")).toBe("true");
  await page.locator("[data-testid=mention][data-own=true]").waitFor();
  await page.locator("[data-testid=mentions][data-unread='0']").waitFor({ state: "attached" });
});

test("everybody is mentioned by who moderates, and an edit takes a mention back", async () => {
  await giulia.says("@room alle nove");
  await marco.message(3).locator("[data-testid=mention][data-own=true]").waitFor();
  const { page } = giulia;
  await page.getByTestId("composer").press("ArrowUp");
  await page.getByTestId("edit-bar").waitFor();
  await page.getByTestId("composer").fill("alle dieci");
  await page.getByTestId("composer").press("Enter");
  await marco.message(3).getByText("alle dieci").waitFor();
  expect(await marco.message(3).getAttribute("data-mentioned")).toBe("false");
  // A member is not offered everybody.
  await marco.page.getByTestId("composer").pressSequentially("@");
  await marco.page.getByTestId("mention-giulia").click();
  expect(await marco.page.getByTestId("mention-room").count()).toBe(0);
  await marco.page.getByTestId("composer").pressSequentially("ok");
  await marco.page.getByTestId("composer").press("Enter");
  await giulia.message(4).locator("[data-testid=mention][data-own=true]").waitFor();
  await marco.reloads();
  await marco.message(4).getByTestId("mention").waitFor();
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});

test("an emoji is completed by its name in the language of the page", async () => {
  const { page } = giulia;
  const composer = page.getByTestId("composer");
  const list = page.getByTestId("emoji-list");
  await composer.pressSequentially("Two :coff");
  await page.getByTestId("emoji-☕").waitFor();
  expect(await composer.getAttribute("aria-activedescendant")).not.toBeNull();
  expect(await list.getByRole("option").first().innerText()).toContain("coffee");
  expect(await violations(page)).toEqual([]);
  // Escape closes the list for this word, and Enter sends it as it is.
  await composer.press("Escape");
  await list.waitFor({ state: "detached" });
  await composer.pressSequentially("ee");
  expect(await list.count()).toBe(0);
  await composer.press("Enter");
  await giulia.message(5).getByText("Two :coffee").waitFor();
  // Neither a time nor a face that is written with signs is a name.
  await composer.pressSequentially("At 10:30 :D");
  expect(await list.count()).toBe(0);
  await composer.fill("");
  // Tab takes the first, and the arrows lead to others.
  await composer.pressSequentially("Two :coff");
  await list.waitFor();
  await composer.press("Tab");
  await list.waitFor({ state: "detached" });
  await composer.pressSequentially(":thumbs");
  await list.waitFor();
  await composer.press("ArrowDown");
  await composer.press("Enter");
  await list.waitFor({ state: "detached" });
  expect(await composer.inputValue()).toBe("Two ☕ 👎 ");
  await composer.press("Backspace");
  await composer.press("Backspace");
  await composer.pressSequentially("please");
  await composer.press("Enter");
  await marco.message(6).getByText("Two ☕ please").waitFor();
  await marco.page.getByTestId("composer").pressSequentially(":tazzi");
  await marco.page.getByTestId("emoji-☕").getByText("caffè").waitFor();
  expect(await violations(marco.page)).toEqual([]);
  await marco.page.getByTestId("emoji-☕").tap();
  expect(await marco.page.getByTestId("composer").inputValue()).toBe("☕ ");
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
