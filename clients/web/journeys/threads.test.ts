/** Threads: replies beside the conversation, who follows them, and what is new in them. */

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
  await giulia.says("Chi viene sabato?");
  await giulia.says("E a che ora?");
});

afterAll(() => stage?.[Symbol.asyncDispose]());

/** Writes a reply in the thread that is shown. */
async function replies({ page }: Person, words: string): Promise<void> {
  await page.getByTestId("thread-composer").fill(words);
  await page.getByTestId("thread-composer").press("Enter");
  await page.getByTestId("replies").getByText(words).waitFor();
}

test("a thread begins in the menu, and its replies are beside the conversation", async () => {
  const { page } = giulia;
  await giulia.message(1).click({ button: "right" });
  await page.getByTestId("action-thread").click();
  await page.getByTestId("replies").getByText("Chi viene sabato?").waitFor();
  await replies(giulia, "Io vengo");
  await page.locator("[data-testid=thread-line][data-count='1']").waitFor();
  // The conversation itself does not have it.
  const room = page.getByTestId("messages");
  expect(await room.getByText("Io vengo").count()).toBe(0);
  await page.locator("[data-testid=follow-thread][aria-pressed=true]").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("thread").waitFor({ state: "detached" });
});

test("who replies follows, and both see it at once", async () => {
  const { page } = marco;
  await marco.room(GROUP).click();
  await page.locator("[data-testid=thread-line][data-count='1']").click();
  await page.getByTestId("replies").getByText("Io vengo").waitFor();
  expect(await page.getByTestId("follow-thread").getAttribute("aria-pressed")).toBe("false");
  await replies(marco, "Anch'io");
  await page.locator("[data-testid=follow-thread][aria-pressed=true]").waitFor();
  await giulia.page.locator("[data-testid=thread-line][data-count='2']").waitFor();
  // What is new in a thread is one's own count, and opening it is all it takes.
  await giulia.page.locator("[data-testid=threads][data-unread='1']").click();
  await giulia.page.getByTestId("followed-thread").click();
  const thread = giulia.page.getByTestId("thread");
  await giulia.page.getByTestId("replies").getByText("Anch'io").waitFor();
  await thread.getByTestId("divider").waitFor();
  await giulia.page
    .locator("[data-testid=threads][data-unread='0']")
    .waitFor({ state: "attached" });
});

test("a reply goes to the conversation as well, and leads back to its thread", async () => {
  const { page } = giulia;
  await page.getByTestId("in-room").click();
  await replies(giulia, "Alle nove, per tutti");
  const shown = page.getByTestId("messages").getByTestId("in-thread");
  await shown.waitFor();
  expect(await page.getByTestId("in-room").isChecked()).toBe(false);
  await page.getByTestId("close-thread").click();
  await shown.click();
  await page.getByTestId("replies").getByText("Alle nove, per tutti").waitFor();
  await marco.page.getByTestId("replies").getByText("Alle nove, per tutti").waitFor();
});

test("what is not sent stays in the field of its thread, also over a reload", async () => {
  const { page } = giulia;
  const field = page.getByTestId("thread-composer");
  const says = (text: string) =>
    page.waitForFunction((wanted) => {
      const shown = document.querySelector("[data-testid=thread-composer]");
      return shown instanceof HTMLTextAreaElement && shown.value === wanted;
    }, text);
  await field.fill("Porto i biscotti");
  await page.getByTestId("close-thread").click();
  await giulia.message(2).click({ button: "right" });
  await page.getByTestId("action-thread").click();
  await page.getByTestId("replies").getByText("E a che ora?").waitFor();
  await says("");
  await page.getByTestId("messages").getByTestId("in-thread").click();
  await says("Porto i biscotti");
  await giulia.reloads();
  await giulia.online();
  await says("Porto i biscotti");
  expect(await page.getByTestId("composer").inputValue()).toBe("");
  await field.fill("");
});

test("a reply is changed from the same menu, deleted, and the count follows", async () => {
  const { page } = giulia;
  const thread = page.getByTestId("thread");
  await page.getByTestId("replies").getByText("Io vengo").click({ button: "right" });
  expect(await page.getByTestId("action-reply").count()).toBe(0);
  await page.getByTestId("action-delete").click();
  await page.getByTestId("delete-now").click();
  await thread.getByTestId("tombstone").waitFor();
  await page.locator("[data-testid=thread-line][data-count='2']").waitFor();
  await marco.page.getByTestId("thread").getByTestId("tombstone").waitFor();
  await thread.getByTestId("follow-thread").click();
  await page.locator("[data-testid=follow-thread][aria-pressed=false]").waitFor();
  await page.getByTestId("threads").waitFor({ state: "detached" });
  await marco.page.getByTestId("close-thread").click();
  await marco.page.locator("[data-testid=thread-line][data-count='2']").waitFor();
});

test("a search leads to a reply far up in its thread, and what one writes is at the end", async () => {
  const { page } = giulia;
  const thread = page.getByTestId("thread");
  await giulia.message(2).click({ button: "right" });
  await page.getByTestId("action-thread").click();
  await replies(giulia, "Per me alle dieci");
  for (let line = 1; line <= 70; line += 1) {
    await page.getByTestId("thread-composer").fill(`Proposta ${line}`);
    await page.getByTestId("thread-composer").press("Enter");
  }
  await page.locator("[data-testid=thread-line][data-count='71']").waitFor({ timeout: 30_000 });
  // It stays at the end, however quickly replies come.
  await inView(giulia, "Proposta 70");
  await page.getByTestId("close-thread").click();
  await page.keyboard.press("Control+k");
  await page.getByTestId("search-field").fill('"Per me alle dieci"');
  await page.getByTestId("search-hit").first().waitFor();
  await page.getByTestId("search-field").press("Enter");
  const found = thread.locator("[data-testid=message][data-flashed=true]");
  await found.getByText("Per me alle dieci").waitFor();
  await inView(giulia, "Per me alle dieci");
  expect(await thread.getByText("Proposta 70", { exact: true }).count()).toBe(0);
  await thread.getByTestId("newer-replies").click();
  await thread.getByText("Proposta 60", { exact: true }).waitFor();
  await replies(giulia, "Allora alle dieci");
  await inView(giulia, "Allora alle dieci");
  await inView(giulia, "Proposta 70");
  expect(await thread.getByTestId("newer-replies").count()).toBe(0);
  // On a phone, where the thread has the whole screen.
  await marco.page.getByTestId("back").click();
  await marco.page.getByTestId("search").click();
  await marco.page.getByTestId("search-field").fill('"Per me alle dieci"');
  await marco.page.getByTestId("search-hit").first().tap();
  await marco.page.getByTestId("replies").getByText("Per me alle dieci").waitFor();
  await inView(marco, "Per me alle dieci");
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});

/** Waits until a reply of the thread is where the person sees it. */
async function inView({ page }: Person, words: string): Promise<void> {
  // The whole text: "Proposta 7" at 01:05 reads as "Proposta 701:05".
  const text = page.getByTestId("text").getByText(words, { exact: true });
  const row = page.getByTestId("replies").locator("li").filter({ has: text });
  await expect
    .poll(() =>
      row.evaluate((each) => {
        const frame = each.closest("section")?.getBoundingClientRect();
        const { top, bottom } = each.getBoundingClientRect();
        return frame !== undefined && top >= frame.top - 1 && bottom <= frame.bottom + 1;
      }),
    )
    .toBe(true);
}
