/** Answering messages: quotes that follow what they quote, and lead to it. */

import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { PHONE, Stage } from "./support/stage.ts";

const GROUP = "Prova moka";

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
  await marco.open(GROUP);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

function quote(person: Person, number: number): Locator {
  return person.message(number).getByTestId("quote");
}

test("the button beside a message answers it, and Escape leaves it unanswered", async () => {
  const { page } = giulia;
  await giulia.says("Chi porta la moka?");
  await giulia.sees(1);
  await giulia.message(1).hover();
  await giulia.message(1).getByTestId("message-reply").click();
  const bar = page.getByTestId("reply-bar");
  await bar.getByText("Reply to yourself").waitFor();
  await bar.getByText("Chi porta la moka?").waitFor();
  await page.getByTestId("composer").press("Escape");
  await bar.waitFor({ state: "detached" });
  // From the keyboard by the same menu.
  await page.locator("li[data-index][tabindex='0']").focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("action-reply").click();
  await bar.waitFor();
  await giulia.says("Io, se volete");
  await bar.waitFor({ state: "detached" });
  await quote(giulia, 2).getByText("Chi porta la moka?").waitFor();
  await quote(marco, 2).getByText("Chi porta la moka?").waitFor();
});

test("on a phone a long press answers, and the quote names who wrote", async () => {
  const { page } = marco;
  const box = await marco.message(2).locator("[data-bubble]").boundingBox();
  if (!box) throw new Error("the message is not drawn");
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 20, y: box.y + box.height - 8 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByTestId("message-menu").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await page.getByTestId("action-reply").tap();
  await page.getByTestId("reply-bar").getByText("Risposta a Giulia").waitFor();
  await marco.says("Grazie!");
  await quote(marco, 3).getByText("Giulia").waitFor();
  await quote(giulia, 3).getByText("You").waitFor();
});

test("a quote follows the edits and the end of what it quotes", async () => {
  const { page } = giulia;
  const composer = page.getByTestId("composer");
  await composer.press("ArrowUp");
  await page.getByTestId("edit-bar").waitFor();
  await composer.fill("Io, se mi aiutate");
  await composer.press("Enter");
  await quote(marco, 3).getByText("Io, se mi aiutate").waitFor();
  await giulia.message(2).click({ button: "right" });
  await page.getByTestId("action-delete").click();
  await page.getByTestId("delete-now").click();
  await quote(marco, 3).getByText("Questo messaggio è stato eliminato").waitFor();
  await quote(giulia, 3).getByText("This message was deleted").waitFor();
  expect(await giulia.message(3).innerText()).not.toContain("aiutate");
  // A tombstone answers nothing.
  expect(await quote(giulia, 2).count()).toBe(0);
});

test("what is deleted while somebody answers it is not answered", async () => {
  await giulia.says("Un segreto");
  await marco.chooses(4, "reply");
  await marco.page.getByTestId("reply-bar").waitFor();
  await giulia.chooses(4, "delete");
  await giulia.page.getByTestId("delete-now").click();
  await marco.page.getByTestId("reply-bar").waitFor({ state: "detached" });
});

test("a quote leads to a message that is not loaded, and back to the end", async () => {
  const { page } = marco;
  for (let line = 1; line <= 130; line += 1) {
    await giulia.page.getByTestId("composer").fill(`Riga ${line}`);
    await giulia.page.getByTestId("composer").press("Enter");
  }
  for (const person of [marco, giulia]) await person.message(134).waitFor({ timeout: 30_000 });
  // Message 1 is far up: it is answered from there, and the answer is at the end.
  const jump = async (person: Person) => {
    await quote(person, 135).click();
    await person.message(1).and(person.page.locator("[data-flashed=true]")).waitFor();
    const box = await person.message(1).boundingBox();
    expect(box?.y).toBeGreaterThan(0);
  };
  await giulia.reloads();
  await giulia.online();
  await giulia.message(134).waitFor();
  expect(await giulia.message(1).count()).toBe(0);
  await answersTheFirst(giulia);
  await giulia.message(135).waitFor();
  // Marco loads the room anew, and has only its end.
  await marco.reloads();
  await marco.message(135).waitFor();
  await quote(marco, 135).getByText("Chi porta la moka?").waitFor();
  expect(await marco.message(1).count()).toBe(0);
  await jump(marco);
  await page.getByTestId("jump").click();
  await marco.message(135).waitFor();
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});

/** Scrolls up until the first message is here, and answers it. */
async function answersTheFirst(person: Person): Promise<void> {
  const { page } = person;
  for (let tries = 0; tries < 60 && (await person.message(1).count()) === 0; tries += 1) {
    await person.scrollsUp();
    await page.waitForTimeout(100);
  }
  await person.message(1).click({ button: "right" });
  await page.getByTestId("action-reply").click();
  await person.says("Eccola, la moka");
}
