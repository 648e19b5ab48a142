/** Using the page by keyboard alone: regions, the list, the messages, windows and panels. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Tastiera";
/** More than fit on the screen. */
const MESSAGES = 60;

let server: TestServer;
let chromium: Browser;
let giulia: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([
    TestServer.start("--messages-per-second", "1000"),
    openChromium(),
  ]);
  const context = await chromium.newContext({ locale: "en-GB" });
  giulia = await Person.arrives(context, server.url, "giulia");
  await giulia.makesGroup(GROUP, ["marco"]);
  const composer = giulia.page.getByTestId("composer");
  for (let i = 1; i <= MESSAGES; i += 1) {
    await composer.fill(`message ${i}`);
    await composer.press("Enter");
  }
  await giulia.page.locator(`[data-number="${MESSAGES}"]`).waitFor();
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

test("F6 goes through the regions and back", async () => {
  await giulia.page.getByTestId("details").click();
  await giulia.page.getByTestId("members").waitFor();
  await giulia.page.getByTestId("composer").focus();
  const way: string[] = [];
  for (const key of ["F6", "F6", "F6", "F6", "Shift+F6", "Shift+F6"]) {
    await press(key);
    way.push(await region());
  }
  expect(way).toEqual(["details", "list", "messages", "composer", "messages", "list"]);
});

test("Up, Down, Home and End move in the list, and Tab leaves it", async () => {
  expect(await focused("data-title")).toBe(GROUP);
  await press("End");
  const last = await focused("data-title");
  expect(last).not.toBe(GROUP);
  await press("ArrowUp");
  expect(await focused("data-title")).not.toBe(last);
  await press("ArrowDown");
  expect(await focused("data-title")).toBe(last);
  await press("Home");
  expect(await focused("data-title")).toBe(GROUP);
  await press("Tab");
  expect(await region()).not.toBe("list");
});

test("Up, Down, Home and End move between messages, drawn or not", async () => {
  await giulia.page.getByTestId("composer").focus();
  await press("Shift+F6");
  expect(await message()).toBe(MESSAGES);
  await press("ArrowUp");
  await press("ArrowUp");
  expect(await message()).toBe(MESSAGES - 2);
  await press("Home");
  await giulia.page.waitForFunction(
    () =>
      document.activeElement?.querySelector("[data-number]")?.getAttribute("data-number") === "1",
  );
  expect(await giulia.page.locator(`[data-number="${MESSAGES}"]`).count()).toBe(0);
  await press("ArrowDown");
  expect(await message()).toBe(2);
  // Tab returns to the message that had the focus.
  await press("F6");
  expect(await region()).toBe("composer");
  await press("Shift+F6");
  expect(await message()).toBe(2);
  await press("End");
  await giulia.page.waitForFunction(
    (last) =>
      document.activeElement?.querySelector("[data-number]")?.getAttribute("data-number") === last,
    String(MESSAGES),
  );
});

test("the focus stays on a message while new ones come", async () => {
  await press("ArrowUp");
  expect(await message()).toBe(MESSAGES - 1);
  const marco = await Person.arrives(
    await chromium.newContext({ locale: "en-GB" }),
    server.url,
    "marco",
  );
  await marco.open(GROUP);
  await marco.says("a new one");
  await giulia.page.locator(`[data-number="${MESSAGES + 1}"]`).waitFor();
  expect(await message()).toBe(MESSAGES - 1);
  await giulia.page.locator("[aria-live=polite]").getByText("Marco: a new one").waitFor({
    state: "attached",
  });
});

test("Escape closes windows and panels, and gives the focus back", async () => {
  await giulia.page.getByTestId("settings").focus();
  await press("Enter");
  await giulia.page.getByRole("dialog").waitFor();
  await press("F6");
  await press("Escape");
  await giulia.page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused("data-testid")).toBe("settings");

  // A window above the panel closes first.
  await giulia.page.getByTestId("add-members").focus();
  await press("Enter");
  await giulia.page.getByRole("dialog").waitFor();
  await press("Escape");
  await giulia.page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused("data-testid")).toBe("add-members");
  await press("Escape");
  await giulia.page.getByTestId("members").waitFor({ state: "detached" });
  expect(await focused("data-testid")).toBe("details");
});

test("a window opens with the focus where one types", async () => {
  const { page } = giulia;
  await page.getByTestId("composer").focus();
  await press("Control+k");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("message");
  expect(await page.getByTestId("search-field").inputValue()).toBe("message");
  await page.getByTestId("search-field").fill("");
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByTestId("details").click();
  await page.getByTestId("invites").click();
  await page.getByTestId("create-invite").focus();
  await press("Enter");
  // The button that made the link is gone; the next step has the focus.
  await page.locator("[data-testid=copy-invite]:focus").waitFor();
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByTestId("details").click();
});

test("the link to the messages skips the list", async () => {
  await giulia.page.getByRole("button", { name: "Skip to the messages" }).focus();
  await press("Enter");
  expect(await region()).toBe("messages");
  expect(giulia.problems).toEqual([]);
});

function press(key: string): Promise<void> {
  return giulia.page.keyboard.press(key);
}

function focused(attribute: string): Promise<string | null | undefined> {
  return giulia.page.evaluate((name) => document.activeElement?.getAttribute(name), attribute);
}

/** The number of the message that has the focus. */
async function message(): Promise<number> {
  return giulia.page.evaluate(() =>
    Number(document.activeElement?.querySelector("[data-number]")?.getAttribute("data-number")),
  );
}

/** In which part of the page the focus is. */
function region(): Promise<string> {
  return giulia.page.evaluate(() => {
    const parts = { list: "nav", messages: "#messages", composer: "form", details: "aside" };
    const found = Object.entries(parts).find(([, part]) => document.activeElement?.closest(part));
    return found?.[0] ?? "nowhere";
  });
}
