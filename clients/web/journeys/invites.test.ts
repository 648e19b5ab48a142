/** Invite links: Giulia makes one at her desk, and Marco, whom nobody added, joins by it on his phone. */

import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium } from "./support/browsers.ts";
import { servePage } from "./support/page.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const GROUP = "Gita al lago";

let server: TestServer;
let chromium: Browser;
let giulia: Person;
let phone: BrowserContext;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  phone = await chromium.newContext({
    locale: "it-IT",
    viewport: { width: 390, height: 800 },
    hasTouch: true,
    isMobile: true,
  });
  const desk = await chromium.newContext({
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  [giulia, marco] = await Promise.all([
    Person.arrives(desk, server.url, "giulia"),
    Person.arrives(phone, server.urlWithoutUdp, "marco"),
  ]);
  // A group of one: a link can fill it.
  await giulia.makesGroup(GROUP, []);
  await giulia.showsDetails();
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

/** The part of a link behind the address of the server, which each page reaches in its own way. */
function hashOf(link: string): string {
  return new URL(link).hash;
}

async function makesLink(name: string, uses: string): Promise<string> {
  const { page } = giulia;
  await page.getByRole("radio", { name: "1 day" }).check();
  await page.getByRole("radio", { name: uses, exact: true }).check();
  await page.getByTestId("invite-name").fill(name);
  await page.getByTestId("create-invite").click();
  return page.getByTestId("invite-link").inputValue();
}

/** The line of a link in the list. */
function row(name: string) {
  return giulia.page.getByTestId("invite-list").locator("li").filter({ hasText: name });
}

let once: string;
let many: string;

test("a link is made, shown once, copied and listed", async () => {
  const { page } = giulia;
  await page.getByTestId("invites").click();
  await page.getByText("This group has no links yet").waitFor();
  once = await makesLink("Only Marco", "1");
  expect(hashOf(once)).toMatch(/^#join=[0-9a-f]{16}\.[0-9a-f]{32}$/);
  await page.getByTestId("copy-invite").click();
  await page.getByText("Copied", { exact: true }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(once);
  await page.getByTestId("another-invite").click();
  many = await makesLink("Friends", "10");
  expect(many).not.toBe(once);
  await row("Only Marco").getByText("0 of 1 joined").waitFor();
  await row("Friends").getByText("0 of 10 joined").waitFor();
});

test("the link shows the group, and joining opens it", async () => {
  const { page } = marco;
  await page.goto(`${server.urlWithoutUdp}/${hashOf(once)}`);
  // Only the fragment has changed, so the page stays: its address does not keep the link.
  await page.getByText("Giulia ti invita in").waitFor();
  expect(await page.getByTestId("join-room").textContent()).toBe(GROUP);
  await page.getByText("1 membro", { exact: true }).waitFor();
  expect(page.url()).not.toContain("join");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.getByTestId("join-now").click();
  await page.getByText("Arrivi con il link di Giulia: Marco").waitFor();
  await marco.says("eccomi");
  await giulia.sees(1);
  await row("Only Marco").getByText("1 of 1 joined").waitFor();
  await row("Only Marco").getByText("used up").waitFor();
  await giulia.page.getByText("Marco joined by the link of Giulia").waitFor();
});

test("whoever is in the group already is led there", async () => {
  const { page } = marco;
  await page.goto(`${server.urlWithoutUdp}/${hashOf(many)}`);
  await page.getByText("Sei già in questo gruppo").waitFor();
  await page.getByTestId("join-now").click();
  await marco.sees(1);
  await row("Friends").getByText("0 of 10 joined").waitFor();
});

test("somebody who is not signed in signs in first, and hears why a link does not work", async () => {
  const page = await phone.newPage();
  await servePage(page, server.urlWithoutUdp);
  await page.goto(`${server.urlWithoutUdp}/${hashOf(once)}`);
  await page.getByText("Accedi per vedere il gruppo").waitFor();
  expect(page.url()).not.toContain("join");
  await page.getByTestId("user-luca").click();
  const failed = page.getByTestId("join-failed");
  await failed.getByText("già entrate tutte le persone previste").waitFor();
  await page.goto(`${server.urlWithoutUdp}/${hashOf(once).slice(0, -1)}`);
  await failed.getByText("non porta da nessuna parte").waitFor();
  await giulia.page.getByTestId("revoke-invite").click();
  await row("Friends").getByText("revoked").waitFor();
  await page.goto(`${server.urlWithoutUdp}/${hashOf(many)}`);
  await failed.getByText("è stato revocato").waitFor();
  await page.getByTestId("join-not").click();
  await page.getByTestId("new-conversation").waitFor();
  await page.close();
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
