/** Polls and places: asking, voting, who voted, closing; sending where something is. */

import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/accessible.ts";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Dove andiamo";

let stage: Stage;
let giulia: Person;
let marco: Person;
let tablet: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  [giulia, marco] = await stage.gathers(GROUP);
  tablet = await stage.arrives("giulia");
  await tablet.open(GROUP);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

function option({ page }: Person, text: string): Locator {
  return page.getByTestId("poll-option").filter({ hasText: text });
}

async function attaches({ page }: Person, kind: string): Promise<void> {
  await page.getByTestId("attach").click();
  await page.getByTestId(`attach-${kind}`).click();
  await page.getByRole("dialog").waitFor();
}

/** Waits until somebody sees so many votes for an option, and whether it is their own. */
async function sees(person: Person, text: string, votes: string, own: boolean): Promise<void> {
  const shown = option(person, text).and(person.page.locator(`[aria-pressed="${own}"]`));
  await shown.getByText(votes).waitFor();
}

test("a poll is asked by keyboard", async () => {
  const { page } = giulia;
  await page.getByTestId("attach").focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("attach-menu").waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("Dove ci vediamo?");
  expect(await page.getByTestId("poll-send").isDisabled()).toBe(true);
  const texts = page.getByTestId("poll-text");
  await texts.first().focus();
  // Enter leads to the next answer, and makes one after the last.
  await page.keyboard.type("Bar\nParco\nParco");
  await page.getByText("Two answers are the same.").waitFor();
  // Who closes the window finds everything there when they open it again.
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await attaches(giulia, "poll");
  expect(await page.getByTestId("poll-question").inputValue()).toBe("Dove ci vediamo?");
  await page.getByRole("button", { name: "Remove answer 3" }).click();
  await page.locator("[data-testid=poll-text]:focus").waitFor();
  await page.getByTestId("poll-add").click();
  await page.keyboard.type("Museo");
  expect(
    await texts.evaluateAll((all) => all.map((each) => (each as HTMLInputElement).value)),
  ).toEqual(["Bar", "Parco", "Museo"]);
  expect(await violations(giulia.page)).toEqual([]);
  await page.getByTestId("poll-send").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  for (const person of [giulia, marco]) await option(person, "Museo").waitFor();
  await marco.page.getByText("Nessuno ha ancora votato").waitFor();
  // What was sent is not there again.
  await attaches(giulia, "poll");
  expect(await page.getByTestId("poll-question").inputValue()).toBe("");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("votes reach everybody, move, and are taken back", async () => {
  await option(marco, "Bar").click();
  await sees(marco, "Bar", "1 voto", true);
  await sees(giulia, "Bar", "1 vote", false);
  await option(giulia, "Bar").click();
  await sees(giulia, "Bar", "2 votes", true);
  await sees(tablet, "Bar", "2 votes", true);
  await sees(marco, "Bar", "2 voti", true);
  await option(marco, "Parco").click();
  await sees(marco, "Parco", "1 voto", true);
  await sees(giulia, "Bar", "1 vote", true);
  // A person takes back on one device what they chose on another.
  await option(tablet, "Bar").click();
  await sees(marco, "Bar", "0 voti", false);
  await sees(giulia, "Bar", "0 votes", false);
  expect(await violations(giulia.page)).toEqual([]);
  // It stays after a reload.
  await marco.reloads();
  await sees(marco, "Parco", "1 voto", true);
});

test("who voted is listed, and a closed poll takes no votes", async () => {
  await giulia.page.getByTestId("poll-voters").click();
  const voters = giulia.page.getByTestId("voters").getByRole("listitem");
  await voters.filter({ hasText: "Parco" }).waitFor();
  expect(await voters.count()).toBe(1);
  await giulia.page.keyboard.press("Escape");
  expect(await marco.page.getByTestId("poll-close").count()).toBe(0);
  await giulia.page.getByTestId("poll-close").click();
  for (const person of [giulia, marco]) {
    await person.page.locator('[data-testid="poll"][data-closed="true"]').waitFor();
    expect(await option(person, "Museo").isDisabled()).toBe(true);
  }
});

test("an anonymous poll names nobody", async () => {
  const { page } = marco;
  await attaches(marco, "poll");
  await page.getByTestId("poll-question").fill("Chi paga?");
  for (const at of [0, 1]) await page.getByTestId("poll-text").nth(at).fill(`Persona ${at}`);
  await page.getByTestId("poll-anonymous").click();
  await page.getByTestId("poll-multiple").click();
  await page.getByTestId("poll-send").click();
  await option(giulia, "Persona 1").click();
  await sees(giulia, "Persona 1", "1 vote", true);
  await option(giulia, "Persona 0").click();
  await sees(giulia, "Persona 0", "1 vote", true);
  await sees(marco, "Persona 0", "1 voto", false);
  const second = giulia.page.getByTestId("poll").filter({ hasText: "Chi paga?" });
  await second.getByText("1 person voted").waitFor();
  expect(await second.getByTestId("poll-voters").count()).toBe(0);
});

test("a location comes from the device or is typed in, and a place has links", async () => {
  const { page } = giulia;
  await attaches(giulia, "location");
  await page.getByTestId("place-here").click();
  await page.waitForFunction(
    () => document.querySelector<HTMLInputElement>("[data-testid=place-latitude]")?.value !== "",
  );
  await page.getByTestId("place-name").fill("Duomo");
  expect(await violations(giulia.page)).toEqual([]);
  await page.getByTestId("place-send").click();
  const shown = marco.page.getByTestId("place").filter({ hasText: "Duomo" });
  await shown.getByText("45.4642,9.19 · precisione 12 m").waitFor();
  const map = await shown.getByTestId("map").getAttribute("href");
  expect(map).toContain("openstreetmap.org/?mlat=45.4642&mlon=9.19");
  // A phone has a map of its own.
  expect(await shown.getByTestId("open-map").getAttribute("href")).toBe("geo:45.4642,9.19");
  await attaches(marco, "location");
  await marco.page.getByTestId("place-latitude").fill("95");
  await marco.page.getByTestId("place-longitude").fill("9,5");
  expect(await marco.page.getByTestId("place-send").isDisabled()).toBe(true);
  await marco.page.getByTestId("place-latitude").fill("45,5");
  await marco.page.getByTestId("place-send").click();
  await page.getByTestId("coordinates").getByText("45.5,9.5").waitFor();
  await attaches(giulia, "place");
  await page.getByTestId("place-name").fill("Caffè Zefiro");
  await page.getByTestId("place-website").fill("javascript:alert(1)");
  expect(await page.getByTestId("place-send").isDisabled()).toBe(true);
  await page.getByTestId("place-website").fill("zefiro.example/");
  await page.getByTestId("place-phone").fill("+39 02 1234");
  await page.getByTestId("place-send").click();
  const place = marco.page.getByTestId("place").filter({ hasText: "Caffè Zefiro" });
  await place.getByRole("link", { name: "https://zefiro.example/" }).waitFor();
  expect(await place.getByRole("link", { name: "+39 02 1234" }).getAttribute("href")).toBe(
    "tel:+39021234",
  );
});

test("a poll and a place are replies in a thread, and votes count there", async () => {
  const { page } = giulia;
  await page.getByTestId("place").filter({ hasText: "Caffè Zefiro" }).click({ button: "right" });
  await page.getByTestId("action-thread").click();
  const thread = page.getByTestId("thread");
  await thread.getByTestId("attach").click();
  await page.getByTestId("attach-poll").click();
  await page.getByTestId("poll-question").fill("Chi prenota?");
  for (const at of [0, 1]) await page.getByTestId("poll-text").nth(at).fill(`Turno ${at}`);
  await page.getByTestId("poll-send").click();
  // The conversation itself does not have it.
  await marco.page.getByTestId("thread-line").click();
  const asked = marco.page.getByTestId("replies").getByTestId("poll");
  await asked.getByTestId("poll-option").filter({ hasText: "Turno 1" }).click();
  await asked.getByText("1 persona ha votato").waitFor();
  const replies = page.getByTestId("replies");
  await replies.getByText("1 person voted").waitFor();
  expect(await page.getByTestId("messages").getByText("Chi prenota?").count()).toBe(0);
  await thread.getByTestId("attach").click();
  await page.getByTestId("attach-place").click();
  await page.getByTestId("place-name").fill("Latteria Soresina");
  await page.getByTestId("place-send").click();
  await marco.page.getByTestId("replies").getByText("Latteria Soresina").waitFor();
  expect(await violations(page)).toEqual([]);
});
