/** Forwarding: to several conversations at once, with who wrote the message first. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Person } from "./support/person.ts";
import { Stage } from "./support/stage.ts";

const SOURCE = "Ordini";
const TARGETS = ["Magazzino", "Banco"];

let stage: Stage;
let giulia: Person;
let marco: Person;

beforeAll(async () => {
  stage = await Stage.opens();
  giulia = await stage.arrives("giulia");
  marco = await stage.arrives("marco", { locale: "it-IT" });
  for (const name of [...TARGETS, SOURCE]) await giulia.makesGroup(name, ["marco"]);
  await marco.open(SOURCE);
});

afterAll(() => stage?.[Symbol.asyncDispose]());

test("a message goes to the conversations that were chosen, and says who wrote it", async () => {
  await giulia.says("Venti chili entro venerdì");
  await marco.chooses(1, "forward");
  await marco.page.getByTestId("forward-search").fill("magaz");
  const rooms = marco.page.getByTestId("forward-room");
  await rooms.first().check();
  expect(await rooms.count()).toBe(1);
  await marco.page.getByTestId("forward-search").fill("");
  await marco.page.locator("[data-testid=forward-room][data-title=Banco]").check();
  await marco.page.getByTestId("forward-now").click();
  await marco.page.getByTestId("forward-done").getByText("2 conversazioni").waitFor();
  await marco.page.keyboard.press("Escape");
  for (const target of TARGETS) {
    await giulia.open(target);
    await giulia.message(1).getByTestId("forwarded").getByText("Forwarded from Giulia").waitFor();
    expect(await giulia.message(1).getByTestId("text").innerText()).toBe(
      "Venti chili entro venerdì",
    );
  }
});

test("what is deleted at its source stays where it was forwarded, and goes nowhere else", async () => {
  await giulia.open(SOURCE);
  await giulia.chooses(1, "delete");
  await giulia.page.getByTestId("delete-now").click();
  await marco.message(1).getByTestId("tombstone").waitFor();
  await marco.message(1).click({ button: "right" });
  await marco.page.getByTestId("message-menu").waitFor();
  expect(await marco.page.getByTestId("action-forward").count()).toBe(0);
  await marco.page.keyboard.press("Escape");
  await marco.open("Banco");
  await marco.message(1).getByTestId("forwarded").getByText("Inoltrato da Giulia").waitFor();
  expect([giulia.problems, marco.problems]).toEqual([[], []]);
});
