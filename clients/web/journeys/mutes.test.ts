/** Turning the notifications of a room off: for a time or for ever, on all devices of one person and on no other. */

import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mutes } from "./support/device.ts";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Aperitivo";
const HOUR_MS = 3_600_000;

/** How long the last mute lasts. */
const MOMENT_MS = 1_500;

let stage: Stage;
let giulia: Person;
let marco: Person;
let tablet: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia");
  marco = await stage.arrives("marco", { locale: "it-IT" });
  await giulia.makesGroup(GROUP, ["marco"]);
  tablet = await stage.arrives("marco");
  await marco.open(GROUP);
  await tablet.open(GROUP);
  await Promise.all([marco.showsDetails(), tablet.showsDetails()]);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

function bell(person: Person): Locator {
  return person.room(GROUP).getByTestId("row-muted");
}

/** The time of the day of a moment, as the page writes it. */
function clock(time: number): string {
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

test("a room is muted for an hour on every device, and says until when", async () => {
  const before = clock(Date.now() + HOUR_MS);
  await marco.page.getByRole("button", { name: "Silenzia per 1 ora" }).click();
  await bell(marco).getByText("notifiche disattivate").waitFor({ state: "attached" });
  await bell(tablet).getByText("notifications are off").waitFor({ state: "attached" });
  const after = clock(Date.now() + HOUR_MS);
  const words = await marco.page.getByTestId("muted").innerText();
  expect(words).toContain("Notifiche disattivate fino a");
  expect([before, after]).toContain(/\d\d:\d\d/.exec(words)?.[0]);
  await tablet.page.getByText("Notifications are off until").waitFor();
});

test("others notice nothing, and messages come as before", async () => {
  await giulia.says("Chi viene alle sette?");
  await marco.says("Io");
  for (const person of [giulia, marco, tablet]) {
    const shown = await person.sees(2);
    expect(shown.map(({ text }) => text)).toEqual(["Chi viene alle sette?", "Io"]);
  }
  await giulia.showsDetails();
  await giulia.page.getByRole("button", { name: "Mute for 1 hour" }).waitFor();
  expect(await giulia.page.getByTestId("row-muted").count()).toBe(0);
  expect(await giulia.page.getByTestId("messages").innerText()).not.toMatch(/mute|notif/i);
});

test("any of the devices turns them on again, and off for ever", async () => {
  await tablet.page.getByRole("button", { name: "Turn notifications on" }).click();
  for (const person of [marco, tablet]) await bell(person).waitFor({ state: "detached" });
  await marco.page.getByRole("button", { name: "Silenzia per sempre" }).click();
  await tablet.page.getByText("Notifications are off.", { exact: true }).waitFor();
  await marco.page.getByText("Notifiche disattivate.", { exact: true }).waitFor();
  await tablet.reloads();
  await bell(tablet).waitFor();
});

test("when the time is over they are on again, without anybody touching the page", async () => {
  await mutes(giulia.page, "marco", GROUP, Date.now() + MOMENT_MS);
  for (const person of [marco, tablet]) await bell(person).waitFor({ state: "detached" });
  await marco.page.getByRole("button", { name: "Silenzia per 1 ora" }).waitFor();
  expect([giulia.problems, marco.problems, tablet.problems]).toEqual([[], [], []]);
});
