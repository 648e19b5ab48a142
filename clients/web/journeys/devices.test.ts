/** One person in two tabs and on two devices: read, unread and presence agree. */

import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { marksUnread } from "./support/device.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Turno 14";

let server: TestServer;
let chromium: Browser;
let laptop: BrowserContext;
let phone: BrowserContext;
let firstTab: Person;
let secondTab: Person;
let onPhone: Person;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  const english = { locale: "en-GB" };
  laptop = await chromium.newContext(english);
  phone = await chromium.newContext({ ...english, viewport: { width: 390, height: 800 } });
  marco = await Person.arrives(await chromium.newContext(english), server.urlWithoutUdp, "marco");
  firstTab = await Person.arrives(laptop, server.url, "giulia");
  secondTab = await Person.arrives(laptop, server.url, "giulia");
  onPhone = await Person.arrives(phone, server.url, "giulia");
  await marco.makesGroup(GROUP, ["giulia"]);
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

test("a new message is unread on all devices, and read on all once it is read on one", async () => {
  await marco.says("one");
  await marco.says("two");
  const all = [firstTab, secondTab, onPhone];
  for (const device of all) await device.badge(GROUP, 2);
  await onPhone.open(GROUP);
  await onPhone.sees(2);
  for (const device of [firstTab, secondTab]) await device.badge(GROUP, null);
  await marco.page
    .getByTestId("seen-by")
    .getByText(/Giulia/)
    .waitFor();
});

test("what one device writes shows on the others as its own", async () => {
  await firstTab.open(GROUP);
  await firstTab.says("from the laptop");
  await onPhone.sees(3);
  const last = onPhone.page.getByTestId("message").last();
  expect(await last.getAttribute("data-own")).toBe("true");
  await secondTab.badge(GROUP, null);
});

test("what one device marks as unread is unread on all, until it is read again on one", async () => {
  await marksUnread(onPhone.page, "giulia", GROUP, 2);
  for (const tab of [firstTab, secondTab]) await tab.badge(GROUP, 2);
  // Where the conversation is open, a divider shows it.
  for (const device of [firstTab, onPhone]) {
    const divider = device.page.getByTestId("divider");
    await divider.waitFor();
    const first = divider.locator("xpath=ancestor::li/following-sibling::li[1]");
    await first.locator('[data-number="2"]').waitFor();
  }
  await marco.says("three");
  for (const device of [firstTab, secondTab]) await device.badge(GROUP, null);
  await secondTab.open(GROUP);
  await secondTab.sees(4);
  await marksUnread(onPhone.page, "giulia", GROUP, 4);
  await secondTab.badge(GROUP, 1);
  await firstTab.room("Marco").click();
  await firstTab.open(GROUP);
  for (const tab of [firstTab, secondTab]) await tab.badge(GROUP, null);
});

test("what a person sets of themselves shows at once where their settings are open", async () => {
  const settings = (device: Person, testId: string) => device.page.getByTestId(testId);
  const all = [firstTab, secondTab, onPhone];
  await onPhone.page.getByTestId("back").click();
  for (const device of all) await settings(device, "settings").click();
  await settings(firstTab, "status").fill("on the train");
  await settings(firstTab, "save-status").click();
  await settings(onPhone, "private-receipts").check();
  for (const device of all) {
    await expect.poll(() => settings(device, "status").inputValue()).toBe("on the train");
    await expect.poll(() => settings(device, "private-receipts").isChecked()).toBe(true);
  }
  // A person is away once all of their devices say so.
  const availability = (device: Person) => settings(device, "availability").textContent();
  await settings(firstTab, "away").check();
  await settings(secondTab, "away").check();
  expect(await Promise.all(all.map(availability))).toEqual(["Online", "Online", "Online"]);
  await settings(onPhone, "away").check();
  for (const device of all) await expect.poll(() => availability(device)).toBe("Away");
  await settings(secondTab, "away").uncheck();
  for (const device of all) await expect.poll(() => availability(device)).toBe("Online");
  // A later session begins with the same state.
  await onPhone.page.reload();
  await onPhone.online();
  await settings(onPhone, "settings").click();
  expect(await settings(onPhone, "status").inputValue()).toBe("on the train");
  expect(await settings(onPhone, "private-receipts").isChecked()).toBe(true);
  for (const device of all) await device.page.keyboard.press("Escape");
});

test("a person is online as long as one device is", async () => {
  await marco.showsDetails();
  await marco.seesPresence("giulia", true);
  await firstTab.page.close();
  await onPhone.page.close();
  // The remaining tab still works, so the person is still online.
  await secondTab.open(GROUP);
  await secondTab.says("still here");
  await marco.sees(5);
  await marco.seesPresence("giulia", true);
  await secondTab.page.close();
  await marco.seesPresence("giulia", false);
});
