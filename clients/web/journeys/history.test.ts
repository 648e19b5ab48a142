/** Reading a long conversation: it opens at the first unread message and nothing jumps. */

import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Backlog } from "./support/backlog.ts";
import type { Person } from "./support/person.ts";

const GROUP = "Lettura";
const OLD = 2_000;
const NEW = 30;
/** The text above the first message. */
const BEGINNING = "This is where it begins";
/** How far one step scrolls, in pixels. */
const STEP = 650;
/** The most messages that are in the page, however many the conversation has. */
const DRAWN = 120;

let backlog: Backlog;
let giulia: Person;

beforeAll(async () => {
  backlog = await Backlog.of(GROUP, OLD, NEW);
  giulia = backlog.giulia;
});

afterAll(() => backlog?.[Symbol.asyncDispose]());

test("it opens at the first unread message, with a divider", async () => {
  await giulia.reloads();
  await giulia.online();
  await giulia.open(GROUP);
  await giulia.page.getByTestId("divider").waitFor();
  expect(await afterDivider()).toBe(OLD + 1);
  expect(await inView(OLD + 1)).toBe(true);
  expect(await inView(OLD + NEW)).toBe(false);
});

test("what is in view counts as read, and only that", async () => {
  let seen = 0;
  for (const number of await numbersInView()) if (await inView(number)) seen = number;
  expect(seen).toBeGreaterThan(OLD);
  await giulia.badge(GROUP, OLD + NEW - seen);
  // A reload begins where reading stopped.
  await giulia.reloads();
  await giulia.online();
  // The badge says so for a moment only: there she reads on.
  await giulia.page.getByTestId("divider").waitFor();
  expect(await afterDivider()).toBe(seen + 1);
  expect(await inView(seen + 1)).toBe(true);
});

test("older messages load above without moving what is in view, and few are in the page", async () => {
  let moved = 0;
  let before = 0;
  for (let top = OLD; top > 1; ) {
    moved = Math.max(moved, await scrollsAndStays(-STEP));
    const numbers = await drawn();
    expect(numbers.length).toBeLessThan(DRAWN);
    top = numbers[0] ?? top;
    const loaded = await giulia.page
      .locator("li[aria-setsize]")
      .first()
      .getAttribute("aria-setsize");
    expect(Number(loaded)).toBeGreaterThanOrEqual(before);
    before = Number(loaded);
  }
  expect(moved).toBeLessThan(2);
  expect(before).toBeGreaterThan(OLD + NEW);
  await giulia.page.getByText(BEGINNING).waitFor();
});

test("every message comes into view on the way down, once and in order", async () => {
  await giulia.scrollsUp();
  for (let expected = 1; expected <= OLD; ) {
    const numbers = await numbersInView();
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
    expect(numbers[0]).toBeLessThanOrEqual(expected);
    expected = Math.max(expected, (numbers.at(-1) ?? 0) + 1);
    await scrollsByAWindow();
  }
});

test("new messages are counted while one reads further up, and one jump leads to them", async () => {
  await giulia.page.locator("#messages").evaluate((log) => log.scrollTo(0, log.scrollHeight));
  await giulia.badge(GROUP, null);
  for (let i = 0; i < 5; i += 1) await scrollsAndStays(-STEP);
  await backlog.writes(OLD + NEW + 1, OLD + NEW + 2);
  const jump = giulia.page.getByTestId("jump");
  await jump.getByText("2 new messages").waitFor();
  expect(await inView(OLD + NEW + 2)).toBe(false);
  await jump.click();
  await jump.waitFor({ state: "detached" });
  expect(await inView(OLD + NEW + 2)).toBe(true);
  await giulia.badge(GROUP, null);
});

test("at the end the view follows new messages", async () => {
  await backlog.writes(OLD + NEW + 3, OLD + NEW + 3);
  await giulia.page.locator(`[data-number="${OLD + NEW + 3}"]`).waitFor();
  expect(await inView(OLD + NEW + 3)).toBe(true);
});

test("who comes back from another conversation is where they were", async () => {
  const { page } = giulia;
  // What is unread would be opened first.
  await giulia.badge(GROUP, null);
  for (let i = 0; i < 6; i += 1) await scrollsAndStays(-STEP);
  const [first = 0] = (await numbersInView()).slice(1);
  const top = () => message(first).evaluate((row) => row.getBoundingClientRect().top);
  const before = await top();
  await giulia.room("Marco").click();
  await page.getByTestId("room-title").getByText("Marco").waitFor();
  await giulia.room(GROUP).click();
  await page.getByTestId("room-title").getByText(GROUP).waitFor();
  await message(first).waitFor();
  await scrollsAndStays(0);
  expect(Math.abs((await top()) - before)).toBeLessThan(2);
  // At the end they are at the end again, also after what came meanwhile.
  await page.locator("#messages").evaluate((log) => log.scrollTo(0, log.scrollHeight));
  await scrollsAndStays(STEP);
  await giulia.room("Marco").click();
  await page.getByTestId("room-title").getByText("Marco").waitFor();
  await giulia.room(GROUP).click();
  await message(OLD + NEW + 3).waitFor();
  expect(await inView(OLD + NEW + 3)).toBe(true);
});

test("on a phone the details replace the room, which keeps its place", async () => {
  const { page } = giulia;
  await page.setViewportSize({ width: 360, height: 740 });
  const looksAtDetails = async () => {
    await page.getByTestId("details").click();
    await page.getByTestId("members").waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("messages").waitFor();
    await scrollsAndStays(0);
  };
  await looksAtDetails();
  expect(await inView(OLD + NEW + 3)).toBe(true);
  await scrollsAndStays(-3 * STEP);
  const shown: number[] = [];
  for (const number of await numbersInView()) if (await inView(number)) shown.push(number);
  await looksAtDetails();
  for (const number of shown) expect(await inView(number)).toBe(true);
  expect(shown.length).toBeGreaterThan(3);
  expect(giulia.problems).toEqual([]);
});

/** The number of the message below the divider. */
function afterDivider(): Promise<number> {
  return giulia.page.getByTestId("divider").evaluate((divider) => {
    const next = divider.closest("li")?.nextElementSibling;
    return Number(next?.querySelector<HTMLElement>("[data-number]")?.dataset.number);
  });
}

function message(number: number): Locator {
  return giulia.page.locator(`[data-testid=message][data-number="${number}"]`);
}

/** The numbers of the messages in the page, except for the one that Tab leads to. */
function drawn(): Promise<number[]> {
  return giulia.page
    .locator('li:not([tabindex="0"]) [data-testid=message]')
    .evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset.number)));
}

/**
 * The numbers of the messages that are at least partly in view, once the view is full: on a busy
 * machine a page may be drawn some frames after it was scrolled.
 */
function numbersInView(): Promise<number[]> {
  return giulia.page.locator("#messages").evaluate(async (log) => {
    for (;;) {
      const { top, bottom } = log.getBoundingClientRect();
      const rows = [...log.querySelectorAll<HTMLElement>("li[data-index]")]
        .filter((row) => getComputedStyle(row).visibility !== "hidden")
        .map((row) => ({ row, place: row.getBoundingClientRect() }))
        .filter(({ place }) => place.bottom > top && place.top < bottom)
        .sort((a, b) => a.place.top - b.place.top);
      const covered = rows.reduce((sum, { place }) => sum + place.height, 0);
      const [first, last] = [rows[0]?.place.top ?? bottom, rows.at(-1)?.place.bottom ?? top];
      const full = first <= top + 1 && last >= bottom - 8 && covered >= last - first - 1;
      if (full) {
        return rows.flatMap(({ row }) => {
          const message = row.querySelector<HTMLElement>("[data-testid=message]");
          return message ? [Number(message.dataset.number)] : [];
        });
      }
      await new Promise((done) => requestAnimationFrame(done));
    }
  });
}

/** Scrolls down by what is in view. */
async function scrollsByAWindow(): Promise<void> {
  await giulia.page.locator("#messages").evaluate((log) => log.scrollBy(0, log.clientHeight));
}

/** Scrolls, and gives by how many pixels what is in view moved afterwards by itself. */
function scrollsAndStays(pixels: number): Promise<number> {
  return giulia.page.locator("#messages").evaluate(
    async (log, { by, near, beginning }) => {
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      log.dispatchEvent(new WheelEvent("wheel", { deltaY: by }));
      log.scrollBy(0, by);
      // Wait until the new rows are measured.
      await frame();
      await frame();
      const { top, bottom } = log.getBoundingClientRect();
      const seen = [...log.querySelectorAll<HTMLElement>("[data-testid=message]")].find((row) => {
        const place = row.getBoundingClientRect();
        return place.top > top + 60 && place.bottom < bottom;
      });
      const place = seen?.getBoundingClientRect().top ?? 0;
      let most = 0;
      // Near the top, wait for older messages.
      const loading = () => log.scrollTop < near && !log.textContent?.includes(beginning);
      for (let i = 0; i < 4 || loading(); i += 1) {
        await frame();
        most = Math.max(most, Math.abs((seen?.getBoundingClientRect().top ?? 0) - place));
      }
      return most;
    },
    { by: pixels, near: STEP, beginning: BEGINNING },
  );
}

/** Whether a message lies within the part that is in view. */
async function inView(number: number): Promise<boolean> {
  if ((await message(number).count()) === 0) return false;
  return message(number).evaluate((row) => {
    const frame = document.getElementById("messages")?.getBoundingClientRect();
    const { top, bottom } = row.getBoundingClientRect();
    return frame !== undefined && top >= frame.top - 1 && bottom <= frame.bottom + 1;
  });
}
