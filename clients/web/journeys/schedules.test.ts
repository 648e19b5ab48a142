/** Messages that are sent later: scheduled, changed, cancelled and sent, on all devices of one person. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/accessible.ts";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Domani";
const OTHER = "Dopodomani";

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let tablet: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const arrives = async (user: string, locale: string) =>
    Person.arrives(await chromium.newContext({ locale }), server.url, user);
  giulia = await arrives("giulia", "en-GB");
  marco = await arrives("marco", "it-IT");
  await giulia.makesGroup(GROUP, ["marco"]);
  tablet = await arrives("giulia", "it-IT");
  await tablet.open(GROUP);
  await marco.open(GROUP);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

/** Waits until a person's line says that so many messages are scheduled. */
async function counts(person: Person, count: number): Promise<void> {
  const line = person.page.getByTestId("scheduled");
  if (count === 0) await line.waitFor({ state: "detached" });
  else await line.and(person.page.locator(`[data-count="${count}"]`)).waitFor();
}

test("a message is scheduled by keyboard, and the person's other device knows", async () => {
  const { page } = giulia;
  await page.getByTestId("composer").fill("Buongiorno a tutti");
  await page.getByTestId("schedule").focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("schedule-text").waitFor();
  await page.getByTestId("schedule-tomorrow").focus();
  await page.keyboard.press("Enter");
  expect(await violations(giulia.page)).toEqual([]);
  await page.getByTestId("schedule-now").focus();
  await page.keyboard.press("Enter");
  await counts(giulia, 1);
  await counts(tablet, 1);
  expect(await page.getByTestId("composer").inputValue()).toBe("");
  // The menu of the button leads there, too.
  await page.getByTestId("composer").fill("E un'altra cosa");
  await page.getByTestId("send").click({ button: "right" });
  await page.getByTestId("send-later").click();
  await page.getByTestId("schedule-now").click();
  await counts(tablet, 2);
  await counts(marco, 0);
});

test("it is changed on one device, and cancelled and sent on the other", async () => {
  await tablet.page.getByTestId("scheduled").click();
  const row = (person: Person, text: string) =>
    person.page.getByTestId("scheduled-message").filter({ hasText: text });
  await row(tablet, "Buongiorno a tutti").getByTestId("scheduled-change").click();
  await tablet.page.getByTestId("schedule-text").fill("Buongiorno");
  await tablet.page.getByTestId("schedule-now").click();
  await row(tablet, "Buongiorno").waitFor();
  expect(await violations(tablet.page)).toEqual([]);
  await giulia.page.getByTestId("scheduled").click();
  await row(giulia, "E un'altra cosa").getByTestId("scheduled-cancel").click();
  await row(tablet, "E un'altra cosa").waitFor({ state: "detached" });
  await row(giulia, "Buongiorno").getByTestId("scheduled-send").click();
  await giulia.page.getByTestId("scheduled-nothing").waitFor();
  await giulia.page.keyboard.press("Escape");
  await tablet.page.keyboard.press("Escape");
  await marco.page.getByTestId("message").filter({ hasText: "Buongiorno" }).waitFor();
  await counts(giulia, 0);
  await counts(tablet, 0);
});

/** Schedules a message for the time that is offered first, and waits until the window is closed. */
async function schedules({ page }: Person, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("schedule").click();
  await page.getByTestId("schedule-now").click();
  // What is scheduled may be counted before: behind an open window nothing takes the focus.
  await page.getByTestId("schedule-now").waitFor({ state: "detached" });
}

/** Waits until a person has so many scheduled messages in all conversations. */
async function countsAll(person: Person, count: number): Promise<void> {
  const entry = person.page.getByTestId("all-scheduled");
  if (count === 0) await entry.waitFor({ state: "detached" });
  else await entry.and(person.page.locator(`[data-count="${count}"]`)).waitFor();
}

test("those of all conversations are in one list, to change, to cancel, and each with its way there", async () => {
  const { page } = giulia;
  const title = (text: string) => page.getByTestId("room-title").getByText(text, { exact: true });
  await giulia.makesGroup(OTHER, ["marco"]);
  for (const [at, group] of [GROUP, OTHER].entries()) {
    await giulia.open(group);
    await title(group).waitFor();
    await schedules(giulia, `Per ${group}`);
    await countsAll(giulia, at + 1);
  }
  await countsAll(tablet, 2);
  await countsAll(marco, 0);
  await page.getByTestId("all-scheduled").focus();
  await page.keyboard.press("Enter");
  const row = (person: Person, text: string) =>
    person.page.getByTestId("scheduled-message").filter({ hasText: text });
  for (const group of [GROUP, OTHER]) {
    await row(giulia, `Per ${group}`).getByTestId("scheduled-where").getByText(group).waitFor();
  }
  await tablet.page.getByTestId("all-scheduled").click();
  const due = await row(tablet, `Per ${GROUP}`).locator("time").getAttribute("datetime");
  await row(giulia, `Per ${GROUP}`).getByTestId("scheduled-change").press("Enter");
  await page.getByTestId("schedule-text").fill("Più tardi");
  await page.getByTestId("schedule-tomorrow").click();
  await page.getByTestId("schedule-now").click();
  await row(tablet, "Più tardi").waitFor();
  expect(await row(tablet, "Più tardi").locator("time").getAttribute("datetime")).not.toBe(due);
  await row(giulia, "Più tardi").getByTestId("scheduled-where").press("Enter");
  await page.getByTestId("scheduled-list").waitFor({ state: "detached" });
  await title(GROUP).waitFor();
  await counts(giulia, 1);
  await row(tablet, "Più tardi").getByTestId("scheduled-cancel").click();
  await row(tablet, "Più tardi").waitFor({ state: "detached" });
  await countsAll(giulia, 1);
  await row(tablet, `Per ${OTHER}`).getByTestId("scheduled-cancel").click();
  await tablet.page.getByTestId("scheduled-nothing").waitFor();
  expect(await violations(tablet.page)).toEqual([]);
  await tablet.page.keyboard.press("Escape");
  for (const person of [giulia, tablet]) await countsAll(person, 0);
});

test("the list of all is for every screen, light and dark", async () => {
  await schedules(giulia, "Nessuno sa ancora a che ora, ma qualcuno lo dirà");
  await countsAll(giulia, 1);
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [360, 768, 1440]) {
      const viewport = { width, height: 740 };
      const context = await chromium.newContext({ locale: "it-IT", viewport, colorScheme });
      const { page, problems } = await Person.arrives(context, server.url, "giulia");
      const shown = `${width}, ${colorScheme}`;
      await page.getByTestId("all-scheduled").waitFor();
      expect(await violations(page), shown).toEqual([]);
      await page.getByTestId("all-scheduled").click();
      await page.getByTestId("scheduled-list").waitFor();
      expect(await violations(page), shown).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), shown).toBe(width);
      expect(problems).toEqual([]);
      await context.close();
    }
  }
  await giulia.page.getByTestId("all-scheduled").click();
  await giulia.page.getByTestId("scheduled-cancel").click();
  await giulia.page.getByTestId("scheduled-nothing").waitFor();
  await giulia.page.keyboard.press("Escape");
  await counts(tablet, 0);
});

test("what is due is sent once, also when its author is away", async () => {
  const { page } = tablet;
  await page.getByTestId("composer").fill("A presto");
  await page.getByTestId("schedule").click();
  // The field takes seconds although it offers minutes, but not `:00`, which it would leave away.
  const soon = await page.evaluate(() => {
    const due = new Date(Date.now() + 8_000);
    due.setSeconds(due.getSeconds() || 1);
    return new Date(due.getTime() - due.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  });
  await page.getByTestId("schedule-time").fill(soon);
  await page.getByTestId("schedule-now").click();
  await counts(giulia, 1);
  await tablet.page.close();
  await giulia.page.goto("about:blank");
  await marco.page.getByTestId("message").filter({ hasText: "A presto" }).waitFor();
  expect(await marco.page.getByTestId("message").filter({ hasText: "A presto" }).count()).toBe(1);
  expect([giulia.problems, tablet.problems, marco.problems]).toEqual([[], [], []]);
});
