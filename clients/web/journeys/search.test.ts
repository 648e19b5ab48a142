/** Searching: across conversations and in one, by keyboard and by touch, and stepping through what was found. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/accessible.ts";
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
  await giulia.says("Due cappuccini al banco, per favore");
  for (let number = 1; number <= 30; number += 1) await giulia.says(`riga ${number}`);
  await giulia.says("Il cappuccino era ottimo");
  await giulia.sees(32);
  await marco.room(GROUP).waitFor();
});

afterAll(() => stage?.[Symbol.asyncDispose]());

/** What is marked in the messages that a page shows. */
function marked({ page }: Person): Promise<string[]> {
  return page.getByTestId("messages").locator("mark").allInnerTexts();
}

test("the keyboard opens a search over all conversations, and Enter leads to the message", async () => {
  const { page } = giulia;
  await page.keyboard.press("Control+k");
  await page.getByTestId("search-field").pressSequentially("cappuccino banco");
  const hit = page.getByTestId("search-hit");
  await hit.first().waitFor();
  expect(await hit.count()).toBe(1);
  expect(await hit.locator("mark").allInnerTexts()).toEqual(["cappuccini", "banco"]);
  expect(await hit.innerText()).toContain(GROUP);
  await page.getByTestId("search-field").press("Enter");
  await page.getByTestId("search-field").waitFor({ state: "detached" });
  await giulia.message(1).waitFor();
  await page.waitForFunction(() => {
    const found = document.querySelector('[data-testid=message][data-number="1"]');
    const { top = -1, bottom = -1 } = found?.getBoundingClientRect() ?? {};
    return top >= 0 && bottom <= innerHeight;
  });
  expect(await page.getByTestId("hit-at").innerText()).toBe("1 of 1");
  expect(await giulia.message(1).locator("mark").allInnerTexts()).toEqual(["cappuccini", "banco"]);
});

test("on a phone a conversation is searched, and arrows step from result to result", async () => {
  const { page } = marco;
  await marco.open(GROUP);
  await marco.message(32).waitFor();
  await page.getByTestId("search-room").tap();
  await page.getByTestId("search-field").fill("cappuccino");
  await page.getByTestId("search-hit").nth(1).waitFor();
  await page.getByTestId("search-hit").nth(1).tap();
  await marco.message(1).waitFor();
  expect(await page.getByTestId("hit-at").innerText()).toBe("2 di 2");
  expect(await page.getByTestId("hit-older").isDisabled()).toBe(true);
  expect(await marked(marco)).toEqual(["cappuccini"]);
  await page.getByTestId("hit-newer").tap();
  await marco.message(32).locator("mark").waitFor();
  expect(await page.getByTestId("hit-at").innerText()).toBe("1 di 2");
  expect(await marked(marco)).toEqual(["cappuccino"]);
  // Back to the list of results, as it was.
  await page.getByTestId("hit-again").tap();
  expect(await page.getByTestId("search-field").inputValue()).toBe("cappuccino");
  expect(await page.getByTestId("search-hit").count()).toBe(2);
});

test("what cannot be searched is said, and so is that nothing was found", async () => {
  const { page } = marco;
  await page.getByTestId("search-field").fill("il");
  await page.getByTestId("search-error").waitFor();
  for (const [query, sentence] of [
    ["riga before:2026-02-30", "2026-02-30"],
    ["riga has:tutto", "has:tutto"],
    ["riga in:sport", "in:"],
    ["riga before:", "before:"],
  ] as const) {
    await page.getByTestId("search-field").fill(query);
    await page.getByTestId("search-error").filter({ hasText: sentence }).waitFor();
  }
  await page.getByTestId("search-field").fill("x".repeat(10_000));
  await page.getByTestId("search-error").filter({ hasText: "troppo lungo" }).waitFor();
  await page.getByTestId("search-field").fill("?!…");
  await page.getByTestId("search-error").filter({ hasText: "Scrivi una parola" }).waitFor();
  await page.getByTestId("search-field").fill("tiramisù");
  await page.getByTestId("search-nothing").waitFor();
  expect(await page.getByTestId("search-error").count()).toBe(0);
  await page.keyboard.press("Escape");
  expect(giulia.problems).toEqual([]);
  expect(marco.problems).toEqual([]);
});

test("a deleted message is found no more", async () => {
  const { page } = giulia;
  await giulia.says("parola segreta");
  await giulia.message(33).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByTestId("search-field").fill("segreta ");
  await page.getByTestId("search-hit").waitFor();
  await page.keyboard.press("Escape");
  await giulia.message(33).hover();
  await giulia.message(33).getByTestId("message-more").click();
  await page.getByTestId("action-delete").click();
  await page.getByTestId("delete-now").click();
  await giulia.message(33).getByTestId("tombstone").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByTestId("search-field").fill("parola ");
  await page.getByTestId("search-nothing").waitFor();
});

test("buttons find what messages have", async () => {
  const { page } = giulia;
  const field = page.getByTestId("search-field");
  await page.keyboard.press("Escape");
  await field.waitFor({ state: "detached" });
  await giulia.says("il menu: https://caffis.app");
  await giulia.message(34).waitFor();
  await page.keyboard.press("Control+k");
  await field.fill("");
  await page.getByTestId("search-help").waitFor();
  await page.getByTestId("filter-has:link").click();
  await page.getByTestId("search-hit").filter({ hasText: "caffis.app" }).waitFor();
  expect(await field.inputValue()).toBe("has:link ");
  expect(await page.getByTestId("filter-has:link").getAttribute("aria-pressed")).toBe("true");
  await page.getByTestId("filter-has:poll").click();
  await page.getByTestId("search-nothing").waitFor();
  await page.getByTestId("filter-has:poll").click();
  await page.getByTestId("search-hit").waitFor();
  await page.getByTestId("filter-has:link").click();
  await page.getByTestId("search-help").waitFor();
  await page.keyboard.press("Escape");
  await field.waitFor({ state: "detached" });
});

test("what was found is marked in its message, whatever the form, until the bar is closed", async () => {
  const { page } = giulia;
  await giulia.says("*Caffè* con @Marco, _due caffè_ e un `caffè`: https://bar.example/caffè");
  await giulia.message(35).waitFor();
  await marco.message(35).waitFor();
  for (const person of [giulia, marco]) {
    await person.page.getByTestId("search-room").click();
    await person.page.getByTestId("search-field").fill("caffe marco");
    await person.page.getByTestId("search-hit").first().click();
    await person.message(35).locator("mark").first().waitFor();
    expect(await marked(person)).toEqual(["Caffè", "Marco", "caffè", "caffè", "caffè"]);
    for (const colorScheme of ["light", "dark"] as const) {
      await person.page.emulateMedia({ colorScheme });
      await person.page.locator(`html[data-theme=${colorScheme}]`).waitFor();
      expect(await violations(person.page), colorScheme).toEqual([]);
    }
    await person.page.emulateMedia({ colorScheme: "light" });
  }
  const place = await giulia.message(35).boundingBox();
  await page.getByTestId("hit-bar").getByRole("button", { name: "Close" }).click();
  await page.locator("mark").first().waitFor({ state: "detached" });
  // Nothing moves when the marks go.
  expect((await giulia.message(35).boundingBox())?.height).toBe(place?.height);
});

test("who closes the search goes on writing where they were", async () => {
  const { page } = giulia;
  const composer = page.getByTestId("composer");
  await composer.pressSequentially("Un macchiato");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Control+k");
  await page.getByTestId("search-filters").locator("button").first().click();
  await page.keyboard.press("Escape");
  await page.getByTestId("search-field").waitFor({ state: "detached" });
  await page.keyboard.type("--");
  expect(await composer.inputValue()).toBe("Un macchiat--o");
  await composer.fill("");
});

test("without a connection a search says that it waits, and goes on when it is back", async () => {
  const { page } = giulia;
  await stage.server.kill();
  await page.getByTestId("offline").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("cappuccino");
  const waits = page.getByRole("dialog").getByText("This will happen when the connection is back.");
  await waits.waitFor();
  await stage.server.run();
  await page.getByTestId("search-hit").first().waitFor();
  await waits.waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
});
