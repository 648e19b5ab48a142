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
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
