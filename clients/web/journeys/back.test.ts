/** Back on a phone: one step up each time, and never to a room that was left. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";
import { PHONE } from "./support/stage.ts";

const GROUP = "Ritorno";
const OTHER = "Marco";

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let page: Page;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const context = await chromium.newContext({
    locale: "en-GB",
    viewport: { width: 360, height: 740 },
  });
  giulia = await Person.arrives(context, server.url, "giulia");
  page = giulia.page;
  await giulia.makesGroup(GROUP, ["marco"]);
  await page.goBack();
  await shows("list");
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

test("Back closes a window, then the details, then the room", async () => {
  await giulia.open(GROUP);
  await giulia.showsDetails();
  await page.getByTestId("add-members").click();
  await page.getByRole("dialog").waitFor();
  await page.goBack();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await shows("details");
  await page.goBack();
  await shows("room");
  await page.goBack();
  await shows("list");
});

test("the button of the page and Back agree: a room that was left stays left", async () => {
  await giulia.open(GROUP);
  await giulia.showsDetails();
  await page.keyboard.press("Escape");
  await page.getByTestId("back").click();
  await shows("list");
  await giulia.open(OTHER);
  await page.getByTestId("room-title").getByText(OTHER).waitFor();
  await page.goBack();
  await shows("list");
  await page.getByTestId("settings").click();
  await page.getByRole("dialog").waitFor();
  await page.goBack();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await shows("list");
  expect(await page.evaluate(() => history.state.path)).toEqual(["list"]);
});

test("Back closes what is asked about a message, and the room stays", async () => {
  await giulia.open(GROUP);
  await giulia.says("Chi torna?");
  await giulia.sees(1);
  for (const action of ["forward", "delete"]) {
    await giulia.chooses(1, action);
    await page.getByRole("dialog").waitFor();
    await page.goBack();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await shows("room");
  }
  await page.getByTestId("attach").click();
  await page.getByTestId("attach-poll").click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.goBack();
  await shows("list");
});

test("under a finger Back closes a menu, and what is chosen in it is one step more", async () => {
  const context = await chromium.newContext({ locale: "en-GB", ...PHONE });
  const marco = await Person.arrives(context, server.url, "marco");
  await marco.open(GROUP);
  await marco.message(1).click({ button: "right" });
  await marco.page.getByTestId("message-menu").waitFor();
  await marco.page.goBack();
  await marco.page.getByTestId("message-menu").waitFor({ state: "detached" });
  expect(await marco.page.getByTestId("composer").isVisible()).toBe(true);
  await marco.chooses(1, "thread");
  await marco.page.getByTestId("thread-composer").waitFor();
  await marco.page.goBack();
  await marco.page.getByTestId("thread-composer").waitFor({ state: "detached" });
  await marco.chooses(1, "forward");
  await marco.page.getByRole("dialog").waitFor();
  await marco.page.goBack();
  await marco.page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await marco.page.getByTestId("composer").isVisible()).toBe(true);
  await marco.page.goBack();
  await marco.page.locator("[data-view=list]").waitFor();
  expect(marco.problems).toEqual([]);
  await context.close();
});

test("a room that a window leads to takes the place of the window", async () => {
  await page.getByTestId("new-conversation").click();
  await page.getByTestId("write-to-aiko").click();
  await page.getByTestId("room-title").getByText("Aiko").waitFor();
  await page.goBack();
  await shows("list");
});

test("a reload keeps what is shown and closes windows, and Back goes on from there", async () => {
  await giulia.open(GROUP);
  await giulia.showsDetails();
  await page.getByTestId("add-members").click();
  await page.getByRole("dialog").waitFor();
  await page.reload();
  await page.getByTestId("members").waitFor();
  expect(await page.getByRole("dialog").count()).toBe(0);
  await page.goBack();
  await shows("room");
  await page.goBack();
  await shows("list");
});

test("on a wide screen another room takes the place of the one before", async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await giulia.open(GROUP);
  await giulia.room(OTHER).click();
  await page.getByTestId("room-title").getByText(OTHER).waitFor();
  await page.goBack();
  await page.getByTestId("room-title").waitFor({ state: "detached" });
  expect(giulia.problems).toEqual([]);
});

/** Waits until a part of the page fills the screen. */
async function shows(part: "list" | "room" | "details"): Promise<void> {
  await page.locator(`[data-view=${part}]`).waitFor();
  const ids = { list: "rooms", room: "composer", details: "members" };
  await page.getByTestId(ids[part]).waitFor();
}
