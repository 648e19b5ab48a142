/** What is loaded after the first view: whoever opens it before it is there, or when it cannot be loaded. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/accessible.ts";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

/** The chunk of the views, and the style sheet that belongs to it. */
const SCRIPT = /\/assets\/views-[^/]*\.js$/;
const STYLES = /\/assets\/views-[^/]*\.css$/;

let stage: Stage;
let giulia: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia", { locale: "it-IT" });
});

afterAll(() => stage?.[Symbol.asyncDispose]());

/** Waits until the browser went back from the window. */
function isClosed(): Promise<void> {
  return expect.poll(() => giulia.page.evaluate(() => history.state.path)).toEqual(["list"]);
}

test.each([
  ["script", SCRIPT],
  ["style sheet", STYLES],
])("without its %s a window says so, and opens when it is tried again", async (_, missing) => {
  const { page } = giulia;
  const failures: Error[] = [];
  page.on("pageerror", (failure) => failures.push(failure));
  await page.route(missing, (route) => route.abort());
  await page.reload();
  await page.getByTestId("settings").click();
  const again = page.getByTestId("load-again");
  await again.waitFor();
  await page.getByRole("alert").getByText("Non è stato possibile caricare").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await again.waitFor({ state: "detached" });
  await page.getByTestId("settings").click();
  await again.waitFor();
  await page.unroute(missing);
  await again.click();
  await page.getByTestId("status").waitFor();
  expect(await again.count()).toBe(0);
  const rules = await page
    .locator("link[rel=stylesheet]")
    .evaluateAll((links) => links.map((link) => (link as HTMLLinkElement).sheet?.cssRules.length));
  expect(rules.length).toBe(2);
  expect(rules).not.toContain(0);
  expect(failures).toEqual([]);
  await page.keyboard.press("Escape");
  await isClosed();
});

test("when the server has other files by now, trying again loads the page", async () => {
  const { page } = giulia;
  await page.route(SCRIPT, (route) => route.fulfill({ status: 404 }));
  await page.reload();
  await page.getByTestId("settings").click();
  const loaded = page.waitForEvent("load");
  await page.getByTestId("load-again").click();
  await loaded;
  await isClosed();
  await page.unroute(SCRIPT);
  await page.reload();
  await page.getByTestId("settings").click();
  await page.getByTestId("status").waitFor();
  await page.keyboard.press("Escape");
  await isClosed();
});

test("a window that is opened while it loads appears, with the focus in it", async () => {
  const { page } = giulia;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(SCRIPT, async (route) => {
    await held;
    await route.fallback();
  });
  await page.reload();
  await page.getByTestId("settings").click();
  expect(await page.getByRole("dialog").count()).toBe(0);
  release();
  await page.getByTestId("status").waitFor();
  const inside = () => page.evaluate(() => document.activeElement?.closest("dialog") !== null);
  await expect.poll(inside).toBe(true);
  await page.keyboard.press("Escape");
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
  await expect.poll(focused).toBe("settings");
});
