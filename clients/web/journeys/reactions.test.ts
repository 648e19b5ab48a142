/** Reacting to messages: from the menu, from the chips below a message, with any emoji. */

import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Reazioni";

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  [giulia, marco] = await Promise.all([
    stage.arrives("giulia"),
    stage.arrives("marco", { locale: "it-IT", udp: false }),
  ]);
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
  await giulia.says("Chi viene?");
  await marco.sees(1);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

function chip(person: Person, emoji: string): Locator {
  return person.page.getByTestId("reaction").filter({ hasText: emoji });
}

async function opensMenu({ page }: Person): Promise<void> {
  await page.getByTestId("message").click({ button: "right" });
  await page.getByTestId("message-menu").waitFor();
}

test("a quick reaction shows on every device, and whose it is", async () => {
  await opensMenu(marco);
  await marco.page.getByTestId("quick-☕").click();
  for (const person of [giulia, marco]) await chip(person, "☕").getByText("1").waitFor();
  expect(await chip(marco, "☕").getAttribute("aria-pressed")).toBe("true");
  expect(await chip(giulia, "☕").getAttribute("aria-pressed")).toBe("false");
  await giulia.page.getByRole("button", { name: /☕ 1 , reaction of .*Marco/ }).waitFor();
  // It is below the message, whoever wrote that.
  for (const { page } of [giulia, marco]) {
    const bubble = await page.locator("[data-bubble]").boundingBox();
    const below = await page.getByTestId("reaction").boundingBox();
    expect(below?.y).toBeGreaterThanOrEqual((bubble?.y ?? 0) + (bubble?.height ?? 0));
  }
});

test("a chip joins in and takes back", async () => {
  await chip(giulia, "☕").click();
  for (const person of [giulia, marco]) await chip(person, "☕").getByText("2").waitFor();
  expect(await chip(giulia, "☕").getAttribute("aria-pressed")).toBe("true");
  await chip(marco, "☕").click();
  for (const person of [giulia, marco]) await chip(person, "☕").getByText("1").waitFor();
  expect(await chip(marco, "☕").getAttribute("aria-pressed")).toBe("false");
});

test("any emoji can be typed, and what is none is refused", async () => {
  const { page } = giulia;
  await opensMenu(giulia);
  await page.getByTestId("action-react").click();
  await page.getByTestId("any-emoji").fill("ok");
  await page.getByTestId("any-emoji").press("Enter");
  await page.getByRole("alert").getByText("A reaction is one emoji").waitFor();
  await page.getByTestId("any-emoji").fill("🫘");
  await page.getByTestId("any-emoji").press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  for (const person of [giulia, marco]) await chip(person, "🫘").waitFor();
});

test("who reacted is listed, and stays after a reload", async () => {
  const { page } = marco;
  await marco.reloads();
  await marco.online();
  await page.getByTestId("reaction").first().waitFor();
  await opensMenu(marco);
  await page.getByTestId("action-reactors").click();
  const reactors = page.getByTestId("reactors").getByRole("listitem");
  expect(await reactors.count()).toBe(2);
  expect(await reactors.allInnerTexts()).toEqual([
    expect.stringContaining("Giulia"),
    expect.stringContaining("Giulia"),
  ]);
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
