/** How the page looks and whether it is accessible: screenshots to look at, and axe. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
      // axe looks at neither of them.
      expect(await page.getByTestId("filter-rooms").evaluate(coloursOf)).toEqual(
        await page.locator("body").evaluate(coloursOfTheme),
      );
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

describe("cards and threads", () => {
  beforeAll(async () => {
    await marco.makesGroup("Cena di sabato", ["giulia", "aiko"]);
    await marco.says("Per la cena ho guardato un po' in giro: che ne dite di questi posti?");
    const { page } = marco;
    await attaches(page, "location", {
      name: "Ingresso del parco",
      address: "Corso Venezia 55, angolo con via Palestro, 20121 Milano",
      latitude: "45.47464",
      longitude: "9.20041",
    });
    await attaches(page, "place", {
      name: "Trattoria della Francesca Moretti-Castelvetro",
      phone: "+39 02 1234 5678",
      website: "https://trattoria-moretti-castelvetro.example/prenotazioni/sabato-sera?persone=4",
      address: "Viale Monte Nero 12, Milano",
      latitude: "45.4562",
      longitude: "9.2048",
    });
    await asks(page, "Chi porta il dolce?", ["Io", "Aiko", "Nessuno, lo prendiamo là"]);
    await page.getByTestId("poll-option").first().click();
    await page.locator("[data-testid=poll-option][aria-pressed=true]").waitFor();
    await page.getByTestId("poll-close").click();
    await page.locator("[data-testid=poll][data-closed=true]").waitFor();
    await asks(page, "A che ora ci vediamo sabato, tenendo conto del treno di Luca?", [
      "Alle 19:30 davanti alla stazione, all'uscita dal lato del mercato coperto",
      "Alle 20:00",
      "Alle 20:30, direttamente lì",
    ]);
    const open = page.locator("[data-testid=poll][data-closed=false]");
    await open.getByTestId("poll-option").nth(1).click();
    await open.locator("[aria-pressed=true]").waitFor();
  });

  for (const theme of THEMES) {
    for (const size of SIZES) {
      test(`${size.name}, ${theme}`, async () => {
        const { name, ...viewport } = size;
        const locale = theme === "dark" ? "it-IT" : "en-GB";
        const options = { locale, viewport, colorScheme: theme, reducedMotion: "reduce" } as const;
        const context = await chromium.newContext(options);
        const { page } = await Person.arrives(context, server.url, "giulia");
        const look = (what: string) => inspect(page, `${name}-${theme}-${what}`);
        await page.locator('[data-title="Cena di sabato"]').click();
        const open = page.locator("[data-testid=poll][data-closed=false]");
        const option = open.getByTestId("poll-option").first();
        await open.locator("[data-testid=poll-option]:enabled").first().waitFor();
        await look("poll");
        await option.click();
        await option.and(page.locator("[aria-pressed=true]:enabled")).waitFor();
        await look("poll-voted");
        await page.locator("[data-testid=poll][data-closed=true]").scrollIntoViewIfNeeded();
        await look("poll-closed");
        await page.getByTestId("place").first().scrollIntoViewIfNeeded();
        await look("places");
        await page.getByTestId("message").first().scrollIntoViewIfNeeded();
        await page.getByTestId("message").first().click({ button: "right" });
        await page.getByTestId("action-thread").click();
        for (const words of ["La trattoria, senza dubbio", "Hanno anche i tavoli fuori? 🌿"]) {
          await page.getByTestId("thread-composer").fill(words);
          await page.getByTestId("thread-composer").press("Enter");
        }
        await page.getByTestId("replies").getByText("Hanno anche i tavoli").last().waitFor();
        for (const state of ["queued", "sending"]) {
          const waiting = page.locator(`[data-testid=replies] [data-delivery=${state}]`);
          await waiting.first().waitFor({ state: "detached" });
        }
        await look("thread");
        await page.getByTestId("close-thread").click();
        await page.getByTestId("thread-line").waitFor();
        await look("thread-line");
        await page.getByTestId("attach").click();
        await page.getByTestId("attach-poll").click();
        await look("poll-form");
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
        await page.getByTestId("attach").click();
        await page.getByTestId("attach-place").click();
        await look("place-form");
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
        // The next one who looks has not voted yet. The view may still come to rest, which keys do not miss.
        await option.press("Enter");
        await option.and(page.locator("[aria-pressed=false]:enabled")).waitFor();
        await context.close();
      });
    }
  }
});

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
  // A text that nobody can see is refused: the message fails and can be deleted.
  await page.getByTestId("composer").fill("\u200B");
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

/** Sends a location or a place. */
async function attaches(
  page: Page,
  kind: "location" | "place",
  fields: Record<string, string>,
): Promise<void> {
  await page.getByTestId("attach").click();
  await page.getByTestId(`attach-${kind}`).click();
  for (const [field, text] of Object.entries(fields)) {
    await page.getByTestId(`place-${field}`).fill(text);
  }
  await page.getByTestId("place-send").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** The colours of a hint in a field, and of its mark when it is chosen. */
function coloursOf(field: Element): readonly string[] {
  return [getComputedStyle(field, "::placeholder").color, getComputedStyle(field).accentColor];
}

/** The colours that the theme has for both. */
function coloursOfTheme(body: Element): readonly string[] {
  const probe = body.appendChild(document.createElement("i"));
  probe.style.color = "var(--ink-3)";
  probe.style.accentColor = "var(--accent)";
  const { color, accentColor } = getComputedStyle(probe);
  probe.remove();
  return [color, accentColor];
}

/** Asks a poll with three options. */
async function asks(page: Page, question: string, options: readonly string[]): Promise<void> {
  await page.getByTestId("attach").click();
  await page.getByTestId("attach-poll").click();
  await page.getByTestId("poll-question").fill(question);
  await page.getByTestId("poll-add").click();
  for (const [at, text] of options.entries()) {
    await page.getByTestId("poll-text").nth(at).fill(text);
  }
  await page.getByTestId("poll-send").click();
  await page.getByTestId("poll").filter({ hasText: question }).waitFor();
}

/** Takes a screenshot, and fails on what axe finds. */
async function inspect(page: Page, name: string): Promise<void> {
  await settled(page);
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  expect(await violations(page), name).toEqual([]);
}
