import type { InfoChange, RoomInfo, RoomSummary, UserId } from "@caffis/chat";
import { expect, test } from "vitest";
import {
  changeOf,
  fits,
  NOTHING_WRITTEN,
  offeredWith,
  policyName,
  shownOf,
  writtenAfter,
} from "../src/details/info.ts";
import { en } from "../src/i18n/en.ts";
import { it } from "../src/i18n/it.ts";
import { infoSentence } from "../src/room/infoSentence.ts";

const INFO: RoomInfo = { name: "Sabato", description: null, history: { type: "all" } };
const ROOM = INFO as unknown as RoomSummary;

test("what is set is offered, whatever it is", () => {
  const values = (count: number) => offeredWith({ type: "last", value: count }).map(policyName);
  expect(values(50)).toEqual(["all", "from_joining", "last 50"]);
  expect(values(7)).toEqual(["all", "from_joining", "last 50", "last 7"]);
  expect(offeredWith(INFO.history)).toHaveLength(3);
});

test("only what differs is changed, and a blank name is not", () => {
  const change = (part: Partial<typeof NOTHING_WRITTEN>, room = ROOM) =>
    changeOf(writtenAfter(NOTHING_WRITTEN, part, room), room);
  expect(change({})).toBeNull();
  expect(change({ name: " Sabato " })).toBeNull();
  expect(change({ name: "  " })).toBeNull();
  expect(change({ name: "Sabato\t sera" })).toEqual({ name: "Sabato sera" });
  expect(change({ description: " Dopo cena\r\nin piazza " })).toEqual({
    description: "Dopo cena\nin piazza",
  });
  expect(change({ description: " " })).toBeNull();
  expect(change({ description: " " }, { ...ROOM, description: "Cena" })).toEqual({
    description: "",
  });
  expect(change({ history: { type: "all" } })).toBeNull();
  const history = { type: "last", value: 50 } as const;
  expect(change({ history })).toEqual({ history });
});

test("what is too long for the server is not sent", () => {
  const change = (name: string, description: string) =>
    changeOf({ ...NOTHING_WRITTEN, name, description }, ROOM);
  expect(change("è".repeat(64), "è".repeat(512))).not.toBeNull();
  expect(change("è".repeat(65), "")).toBeNull();
  expect(change("Sera", "è".repeat(513))).toBeNull();
  expect(fits({ name: "è".repeat(65), description: "" })).toEqual({
    name: false,
    description: true,
  });
});

test("what the person has not written follows the room", () => {
  const written = writtenAfter(NOTHING_WRITTEN, { description: "Cena" }, ROOM);
  const renamed = { ...ROOM, name: "Domenica" };
  expect(shownOf(written, renamed)).toMatchObject({ name: "Domenica", description: "Cena" });
  expect(changeOf(written, renamed)).toEqual({ description: "Cena" });
  expect(writtenAfter(written, { description: "" }, ROOM)).toBe(NOTHING_WRITTEN);
});

function says(change: Partial<RoomInfo>, by: string | null, t = en, before = INFO): string {
  const list = new Intl.ListFormat(t === en ? "en-GB" : "it", { type: "conjunction" });
  const value: InfoChange = {
    info: { ...before, ...change },
    before,
    by: by === null ? null : (by as UserId),
  };
  return infoSentence(value, by, t, (words) => list.format(words));
}

test("a notice says what a person changed, in one sentence", () => {
  const described = { ...INFO, description: "Cena" };
  expect(says({ name: "Domenica" }, "Giulia")).toBe("Giulia changed the name to “Domenica”");
  expect(says({ description: "Cena" }, "Giulia")).toBe("Giulia added a description");
  expect(says({ description: "Pranzo" }, "Giulia", en, described)).toBe(
    "Giulia changed the description",
  );
  expect(says({ description: null }, "Giulia", it, described)).toBe(
    "Giulia ha tolto la descrizione",
  );
  const all = {
    name: "Cena",
    description: "Da Luca",
    history: { type: "last", value: 50 },
  } as const;
  expect(says(all, "Giulia")).toBe(
    "Giulia changed the name to “Cena”, added a description and made the last 50 messages visible to new members",
  );
  expect(says(all, "Giulia", it)).toBe(
    "Giulia ha cambiato il nome in «Cena», ha aggiunto una descrizione e ha reso visibili ai nuovi membri gli ultimi 50 messaggi",
  );
});

test("a notice of a service names nobody", () => {
  const change = { name: "Domenica", history: { type: "from_joining" } } as const;
  expect(says(change, null)).toBe(
    "The name is now “Domenica” and new members now see only what comes after they join",
  );
  expect(says({ description: "Cena" }, null, it)).toBe("È stata aggiunta una descrizione");
  expect(says({}, null)).toBe("Details changed");
});
