import { userId } from "@caffis/chat";
import { describe, expect, test } from "vitest";
import { completions, EVERYBODY, mentionsIn, splitMentions } from "../src/room/mentions.ts";

const person = (id: string, name: string) => ({ user: userId(id), name });
const ANNA = person("anna", "Anna");
const MARIA = person("anna2", "Anna Maria");
const ZOE = person("z", "Zoë Ćirić");
const ALL = [ANNA, MARIA, ZOE];

describe("a mention that is being written", () => {
  test("is completed by names in which a word begins so, without regard to accents", () => {
    expect(completions("", ALL, true)).toEqual([...ALL, EVERYBODY]);
    expect(completions("CIR", ALL, true)).toEqual([ZOE]);
    expect(completions("anna2", ALL, false)).toEqual([MARIA]);
    expect(completions("ro", ALL, true)).toEqual([EVERYBODY]);
    expect(completions("ro", ALL, false)).toEqual([]);
  });
});

describe("a text", () => {
  test("mentions those whose names it has, each at its longest, and only whole", () => {
    const users = (text: string) => mentionsIn(text, ALL, true).users;
    expect(users("@Anna Maria, @Anna e @Anna")).toEqual([MARIA.user, ANNA.user]);
    expect(users("@Annabella, mail@Anna, Anna")).toEqual([]);
    expect(mentionsIn("@room!", ALL, true)).toEqual({ users: [], room: true });
    expect(mentionsIn("@room!", ALL, false)).toEqual({ users: [], room: false });
    // Of two with a name it is the one who was chosen.
    const other = person("other", "Anna");
    expect(mentionsIn("@Anna", [other, ...ALL], true).users).toEqual([other.user]);
  });

  test("is cut where it mentions somebody, and loses nothing", () => {
    const text = "ciao @Anna Maria e @Zoë Ćirić.";
    const parts = splitMentions(text, ["Anna", "Anna Maria", "Zoë Ćirić"]);
    expect(parts.map((part) => part.name)).toEqual([null, 1, null, 2, null]);
    expect(parts.map((part) => part.text).join("")).toBe(text);
    expect(splitMentions("", ["Anna"])).toEqual([{ text: "", name: null }]);
  });
});
