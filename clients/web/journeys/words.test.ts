/** The words of messages: links, writing from right to left, and what comes along when something is pasted. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { PHONE, Stage } from "./support/stage.ts";

const GROUP = "Parole";

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  [giulia, marco] = await Promise.all([
    stage.arrives("giulia"),
    stage.arrives("marco", { locale: "it-IT", ...PHONE }),
  ]);
  await giulia.makesGroup(GROUP, ["marco"]);
  await marco.open(GROUP);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

/** Sends what somebody has pasted. */
async function pastes({ page }: Person, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

test("an address is a link that opens a page of its own", async () => {
  await pastes(giulia, "Guarda https://a.example/menu?x=1, @Marco, e www.caffis.example!");
  for (const { page } of [giulia, marco]) {
    const links = page.getByTestId("message").first().getByTestId("link");
    await links.nth(1).waitFor();
    expect(await links.evaluateAll((all) => all.map((each) => each.getAttribute("href")))).toEqual([
      "https://a.example/menu?x=1",
      "https://www.caffis.example",
    ]);
    expect(await links.first().getAttribute("target")).toBe("_blank");
    expect(await links.first().getAttribute("rel")).toContain("noopener");
  }
  await marco.page.getByTestId("mention").getByText("@Marco").waitFor();
  // A mouse has the browser's own menu for a link, and the message's menu beside it.
  await giulia.page.getByTestId("link").first().click({ button: "right" });
  expect(await giulia.page.getByTestId("message-menu").count()).toBe(0);
  await giulia.page.keyboard.press("Escape");
});

test("the direction of a message is that of its words, not of who wrote it", async () => {
  await pastes(giulia, "مرحبا، نلتقي عند المدخل الساعة 10:30!");
  await pastes(giulia, "Va bene");
  for (const person of [giulia, marco]) {
    await person.sees(3);
    const directions = await person.page
      .locator("[data-bubble]")
      .evaluateAll((all) => all.map((each) => getComputedStyle(each).direction));
    expect(directions).toEqual(["ltr", "rtl", "ltr"]);
  }
});

test("a number that was copied with marks of direction around it is sent", async () => {
  await pastes(giulia, "\u202a+39 055 213896\u202c");
  expect((await marco.sees(4)).at(-1)?.text).toBe("+39 055 213896");
  expect(await giulia.page.locator("[data-delivery=failed]").count()).toBe(0);
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});

test("marks around words set them off, and a few emoji alone are large", async () => {
  await pastes(giulia, "Alle *otto*, _non_ ~nove~ `uno*due*`");
  await pastes(giulia, "☕🎉");
  for (const { page } of [giulia, marco]) {
    const bubble = page.getByTestId("message").filter({ hasText: "Alle otto" });
    await bubble.waitFor();
    for (const [tag, words] of [
      ["strong", "otto"],
      ["em", "non"],
      ["s", "nove"],
      ["code", "uno*due*"],
    ] as const) {
      expect(await bubble.locator(tag, { hasText: words }).count(), words).toBe(1);
    }
    const emoji = page.getByText("☕🎉", { exact: true }).last();
    await emoji.waitFor();
    const size = await emoji.evaluate((each) => Number.parseFloat(getComputedStyle(each).fontSize));
    expect(size).toBeGreaterThan(24);
  }
});
