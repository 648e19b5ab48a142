/** Mentions: completed while they are written, set off where they are read, and found from the list. */

import { afterAll, beforeAll, expect, test } from "vitest";
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
