/** How the page looks and whether it is accessible: screenshots to look at, and axe. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settled, violations } from "./support/accessible.ts";
import { openChromium } from "./support/browsers.ts";
import { servePage } from "./support/page.ts";
import { Person } from "./support/person.ts";
import { TestServer } from "./support/server.ts";

const PICTURES = join(import.meta.dirname, "../screenshots");
const SIZES = [
  { name: "phone", width: 360, height: 740 },
  { name: "tablet", width: 768, height: 1024 },
  { name: "wide", width: 1440, height: 900 },
] as const;
const THEMES = ["light", "dark"] as const;
/** The narrowest screen that is supported. */
const NARROWEST = 320;

let server: TestServer;
let chromium: Browser;
let marco: Person;

beforeAll(async () => {
  [server, chromium] = await Promise.all([TestServer.start(), openChromium()]);
  await mkdir(PICTURES, { recursive: true });
  marco = await Person.arrives(await chromium.newContext({ locale: "en-GB" }), server.url, "marco");
  await marco.makesGroup("Colazione in ufficio", ["giulia", "aiko", "luca"]);
  await marco.says("Ho trovato posto dentro, vicino alla vetrata");
  await marco.says("Così potete assaggiare tutti la torta 🍰");
  await marco.says("تمام، نلتقي عند المدخل");
  await marco.sees(3);
  // One message is edited, and one deleted.
  await marco.page.getByTestId("composer").press("ArrowUp");
  await marco.page.getByTestId("composer").pressSequentially(" ☕");
  await marco.page.getByTestId("composer").press("Enter");
  await marco.page.getByTestId("edited").waitFor();
  await marco.says("Chi porta il vino?");
  await marco.sees(4);
  await marco.page.getByTestId("message").last().click({ button: "right" });
  await marco.page.getByTestId("action-delete").click();
  await marco.page.getByTestId("delete-now").click();
  await marco.page.getByTestId("tombstone").waitFor();
  // Somebody answers.
  await marco.page.getByTestId("message").first().click({ button: "right" });
  await marco.page.getByTestId("action-reply").click();
  await marco.says("Arrivo tra cinque minuti");
  await marco.page.getByTestId("quote").waitFor();
  await marco.page.getByTestId("message").first().click({ button: "right" });
  await marco.page.getByTestId("action-pin").click();
  await marco.page.getByTestId("pins").waitFor();
  // Some react.
  await marco.page.getByTestId("message").first().click({ button: "right" });
  await marco.page.getByTestId("quick-☕").click();
  await marco.page.getByTestId("reaction").waitFor();
  // The person who looks may manage members, and somebody has a status.
  const { page } = marco;
  await marco.showsDetails();
  await page.getByTestId("manage-giulia").click();
  await page.getByRole("radio", { name: "Admin" }).check();
  await page.locator("[data-user=giulia][data-role=admin]").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("settings").click();
  await page.getByTestId("status").fill("Al bancone da Gilli ☕");
  await page.getByTestId("save-status").click();
  await page.getByTestId("save-status").getByText("Saved").waitFor();
  await page.keyboard.press("Escape");
});

afterAll(async () => {
  await chromium?.close();
  await server?.[Symbol.asyncDispose]();
});

for (const theme of THEMES) {
  for (const size of SIZES) {
    test(`${size.name}, ${theme}: can be used by everybody`, async () => {
      const { name, ...viewport } = size;
      const locale = theme === "dark" ? "it-IT" : "en-GB";
      const context = await chromium.newContext({
        locale,
        viewport,
        colorScheme: theme,
        // What fades by itself, like the day above the messages, is there or not, and never
        // half there while its colours are measured.
        reducedMotion: "reduce",
      });
      const page = await context.newPage();
      const look = (what: string) => inspect(page, `${name}-${theme}-${what}`);
      page.setDefaultTimeout(15_000);
      await servePage(page, server.url);
      await page.goto(server.url);
      await page.getByTestId("user-giulia").waitFor();
      await look("sign-in");
      await page.getByTestId("user-giulia").click();
      await page.locator("[data-testid=connection][data-phase=online]").first().waitFor();
      await page.locator('[data-title="Colazione in ufficio"]').waitFor();
      await look("list");
      await page.locator('[data-title="Colazione in ufficio"]').click();
      await page.getByTestId("message").first().waitFor();
      await page.getByTestId("composer").fill("Perfetto!");
      await page.getByTestId("composer").press("Enter");
      await page
        .getByTestId("composer")
        .fill("Il conto lo dividiamo in quattro, ci penso io a segnarlo");
      await page.getByTestId("composer").press("Enter");
      await page.locator("[data-own=true][data-delivery=read]").last().waitFor();
      await marco.page.getByTestId("composer").pressSequentially("va b");
      await page.getByTestId("typing").getByText("Marco").waitFor();
      await look("room");
      await page.locator("[data-own=true]").last().click({ button: "right" });
      await page.getByTestId("message-menu").waitFor();
      await look("menu");
      await page.getByTestId("action-react").click();
      await page.getByTestId("any-emoji").waitFor();
      await look("react");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      // One that is in view: to bring another one there can change which one is the first.
      await page.locator("[data-own=true]").last().click({ button: "right" });
      await page.getByTestId("action-reply").click();
      await page.getByTestId("reply-bar").waitFor();
      await look("reply");
      await page.getByTestId("composer").press("Escape");
      await page.getByTestId("reply-bar").waitFor({ state: "detached" });
      await page.getByTestId("composer").press("ArrowUp");
      await page.getByTestId("edit-bar").waitFor();
      await look("edit");
      await page.getByTestId("composer").press("Escape");
      await page.getByTestId("edit-bar").waitFor({ state: "detached" });
      await page.getByTestId("details").click();
      await page.getByTestId("members").waitFor();
      await look("details");
      await page.getByTestId("manage-luca").click();
      await look("member");
      await page.keyboard.press("Escape");
      await page.getByTestId("add-members").click();
      await page.getByTestId("member-nadia").check();
      await look("add");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.getByTestId("invites").click();
      await look("invite");
      await page.getByTestId("create-invite").click();
      const invite = await page.getByTestId("invite-link").inputValue();
      await page.getByTestId("revoke-invite").first().waitFor();
      await look("invites");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.keyboard.press("Escape");
      // On a phone the list is one step back.
      if (await page.getByTestId("back").isVisible()) await page.getByTestId("back").click();
      await page.getByTestId("settings").click();
      await look("settings");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.goto(invite);
      await page.getByTestId("join-now").waitFor();
      await look("join");
      await marco.page.getByTestId("composer").fill("");
      await context.close();
    });
  }
}

test("windows and failures", async () => {
  const context = await chromium.newContext({
    locale: "en-GB",
    viewport: { width: 1024, height: 720 },
  });
  const page = (await Person.arrives(context, server.url, "giulia")).page;
  await page.getByTestId("new-conversation").click();
  await inspect(page, "new-person");
  await page.getByRole("radio", { name: "Cafe" }).check();
  await page.getByTestId("cafe-gilli").click();
  await page.getByTestId("room-status").getByText("1 person here").waitFor();
  await page.getByTestId("composer").fill("x".repeat(501));
  await page.getByText("1 over the limit").waitFor();
  await inspect(page, "cafe");
  // Overrides of the writing direction are refused: the message fails and can be deleted.
  await page.getByTestId("composer").fill("a\u202Eb");
  await page.getByTestId("composer").press("Enter");
  await page.locator("[data-delivery=failed]").first().waitFor();
  await page.getByRole("button", { name: "Retry" }).click();
  await page.locator("[data-delivery=failed]").first().waitFor();
  await inspect(page, "failed");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByTestId("message").waitFor({ state: "detached" });
  await page.getByTestId("settings").click();
  await inspect(page, "settings");
  await page.getByRole("radio", { name: "Italiano" }).check();
  await page.getByRole("heading", { name: "Impostazioni" }).waitFor();
  await page.getByTestId("sign-out").click();
  await page.getByTestId("token").fill("not.a.token");
  await page.getByTestId("token").press("Enter");
  await page.getByRole("alert").getByText("Il token non è valido").waitFor();
  await inspect(page, "refused");
  await context.close();
});

test("nothing is cut off at 320 pixels", async () => {
  const context = await chromium.newContext({
    locale: "it-IT",
    viewport: { width: NARROWEST, height: 600 },
  });
  const { page } = await Person.arrives(context, server.url, "giulia");
  const widest = () => page.evaluate(() => document.documentElement.scrollWidth);
  expect(await widest()).toBe(NARROWEST);
  await page.locator('[data-title="Colazione in ufficio"]').click();
  await page.getByTestId("message").first().waitFor();
  await inspect(page, "narrow-room");
  expect(await widest()).toBe(NARROWEST);
  await page.goBack();
  await page.getByTestId("rooms").waitFor();
  await context.close();
});

/** Takes a screenshot, and fails on what axe finds. */
async function inspect(page: Page, name: string): Promise<void> {
  await settled(page);
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  expect(await violations(page), name).toEqual([]);
}
