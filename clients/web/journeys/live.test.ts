/** Live locations: shared, followed by others as they move, stopped by hand and after a reload. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/accessible.ts";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const GROUP = "Dove siete";

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  [giulia, marco] = await stage.gathers(GROUP);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

async function goes(latitude: number): Promise<void> {
  await giulia.page.context().setGeolocation({ latitude, longitude: 9.2, accuracy: 5 });
}

test("a location is shared for a while and moves for the others", async () => {
  const { page } = giulia;
  await page.getByTestId("attach").click();
  await page.getByTestId("attach-location").click();
  await page.getByTestId("place-here").click();
  await page.getByRole("radio", { name: "15 min" }).click();
  await page.getByText("The people here see where you are as you move").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.locator('[data-testid="place-send"]:enabled').click();
  const seen = marco.page.getByTestId("live-location");
  await seen.getByText("In tempo reale fino alle").waitFor();
  await page.getByTestId("sharing").getByText(GROUP).waitFor();
  await goes(45.47);
  await seen.getByText("45.47,9.2").waitFor();
  await marco.page.locator('[data-testid="live-location"][data-state="moving"]').waitFor();
  expect(await marco.page.getByTestId("live-end").count()).toBe(0);
  for (const each of [giulia, marco]) expect(await violations(each.page)).toEqual([]);
});

test("it goes on when the page is loaded again, and ends where its sender stops it", async () => {
  const { page } = giulia;
  await page.reload();
  await page.getByTestId("sharing").waitFor();
  await goes(45.48);
  const seen = marco.page.getByTestId("live-location");
  await seen.getByText("45.48,9.2").waitFor();
  await page.getByTestId("sharing-end").click();
  await seen.getByText("Posizione in tempo reale terminata").waitFor();
  await page.getByTestId("live-location").getByText("Live location ended").waitFor();
  await page.getByTestId("sharing").waitFor({ state: "detached" });
  expect(await page.getByTestId("edited").count()).toBe(0);
  expect(await seen.getByTestId("coordinates").textContent()).toContain("45.48,9.2");
});
