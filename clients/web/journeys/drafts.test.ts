/** Drafts: what is written on one device is there on another, until it is sent. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Bozze";

let stage: Stage;
let giulia: Person;
let tablet: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia");
  await giulia.makesGroup(GROUP, ["marco"]);
  tablet = await stage.arrives("giulia", { locale: "it-IT" });
});

afterAll(() => stage?.[Symbol.asyncDispose]());

/** Waits until a field says this: that of the conversation, or of the thread. */
async function writes(person: Person, text: string, field = "composer"): Promise<void> {
  await person.page.waitForFunction(
    ({ text, field }) =>
      document.querySelector<HTMLTextAreaElement>(`[data-testid=${field}]`)?.value === text,
    { text, field },
  );
}

test("what is written on one device is in the list and the field of the other", async () => {
  await giulia.page.getByTestId("composer").pressSequentially("Ci vediamo");
  await tablet.room(GROUP).getByTestId("row-draft").getByText("Ci vediamo").waitFor();
  await tablet.open(GROUP);
  await writes(tablet, "Ci vediamo");
  await tablet.page.getByTestId("composer").press("End");
  await tablet.page.getByTestId("composer").pressSequentially(" alle otto");
  await writes(giulia, "Ci vediamo alle otto");
});

test("it is gone everywhere once it is sent, and a reload keeps what is not", async () => {
  await giulia.page.getByTestId("composer").press("Enter");
  await tablet.sees(1);
  await writes(tablet, "");
  await tablet.page.getByTestId("composer").pressSequentially("E poi");
  await writes(giulia, "E poi");
  await giulia.reloads();
  await giulia.online();
  await writes(giulia, "E poi");
});

test("what is being answered or changed is still so after another conversation and a reload", async () => {
  const { page } = giulia;
  const field = page.getByTestId("composer");
  const returns = async () => {
    await giulia.room("Marco").click();
    await page.getByTestId("room-title").getByText("Marco").waitFor();
    await giulia.open(GROUP);
    await page.getByTestId("room-title").getByText(GROUP).waitFor();
    await giulia.reloads();
    await giulia.online();
  };
  await giulia.chooses(1, "reply");
  await returns();
  await page.getByTestId("reply-bar").waitFor();
  await writes(giulia, "E poi");
  await page.getByTestId("reply-cancel").click();
  await giulia.chooses(1, "edit");
  await field.fill("Ci vediamo alle nove");
  await returns();
  await page.getByTestId("edit-bar").waitFor();
  await writes(giulia, "Ci vediamo alle nove");
  await field.press("Escape");
  // The draft was there all the time.
  await writes(giulia, "E poi");
  await returns();
  expect(await page.getByTestId("edit-bar").or(page.getByTestId("reply-bar")).count()).toBe(0);
});

test("a thread has a draft of its own on all devices, which ends when it is sent", async () => {
  const field = "thread-composer";
  for (const person of [giulia, tablet]) {
    await person.chooses(1, "thread");
    await person.page.getByTestId(field).waitFor();
  }
  await giulia.page.getByTestId(field).pressSequentially("Io porto");
  await writes(tablet, "Io porto", field);
  await tablet.page.getByTestId(field).press("End");
  await tablet.page.getByTestId(field).pressSequentially(" il pane");
  await writes(giulia, "Io porto il pane", field);
  // That of the conversation is what it was, also in the list.
  for (const person of [giulia, tablet]) await writes(person, "E poi");
  await giulia.room("Marco").click();
  await giulia.room(GROUP).getByTestId("row-draft").getByText("E poi", { exact: true }).waitFor();
  await giulia.open(GROUP);
  await giulia.page.getByTestId("room-title").getByText(GROUP).waitFor();
  await giulia.chooses(1, "thread");
  await writes(giulia, "Io porto il pane", field);
  await giulia.page.getByTestId(field).press("Enter");
  await tablet.page.getByTestId("replies").getByText("Io porto il pane").waitFor();
  await writes(tablet, "", field);
});

test("what was begun in a thread waits for a device that comes later, until its root is deleted", async () => {
  const field = "thread-composer";
  await tablet.page.getByTestId(field).pressSequentially("E il vino");
  await writes(giulia, "E il vino", field);
  const phone = await stage.arrives("giulia");
  await phone.open(GROUP);
  await phone.chooses(1, "thread");
  await writes(phone, "E il vino", field);
  // The thread shows the root, too.
  const root = giulia.page
    .getByTestId("messages")
    .locator('[data-testid=message][data-number="1"]');
  await root.click({ button: "right" });
  await giulia.page.getByTestId("action-delete").click();
  await giulia.page.getByTestId("delete-now").click();
  for (const person of [giulia, tablet, phone]) {
    await person.page.getByTestId(field).waitFor({ state: "detached" });
    await writes(person, "E poi");
  }
  expect([giulia.problems, tablet.problems, phone.problems]).toEqual([[], [], []]);
});
