import { describe, expect, test } from "vitest";
import type { Entry, EntryKind, Message } from "../src/protocol.ts";
import {
  changeMessage,
  isDeleted,
  messageText,
  NOBODY,
  withChanges,
} from "../src/store/changes.ts";
import { append, type Log, prepend } from "../src/store/log.ts";
import { advance } from "../src/store/summary.ts";
import { ME, OTHER, ROOM } from "./fake.ts";

function entry(position: number, kind: EntryKind): Entry {
  return { position, time: position, kind };
}

function message(position: number, text: string): Entry {
  const body = { type: "text", value: { text } } as const;
  const value = {
    number: position,
    sender: ME,
    key: null,
    body,
    changed: 0,
    edited: null,
    reactions: [],
    extras: [],
  };
  return entry(position, { type: "message", value });
}

function edited(position: number, about: number, revision: number, text: string | null): Entry {
  const body = text === null ? null : ({ type: "text", value: { text } } as const);
  const value = { message: about, number: about, revision, replaces: 0, body, mentions: NOBODY };
  return entry(position, { type: "edited", value });
}

function deleted(position: number, about: number): Entry {
  const value = { message: about, number: about, replaces: 0, by: OTHER, thread: null };
  return entry(position, { type: "deleted", value });
}

function texts(entries: readonly Entry[]): (string | null)[] {
  return entries.flatMap(({ kind }) => (kind.type === "message" ? [messageText(kind.value)] : []));
}

function log(entries: readonly Entry[]): Log {
  const last = entries.at(-1)?.position ?? 0;
  return { entries, last, moreBefore: true, moreAfter: false };
}

describe("changes of messages", () => {
  test("count once and in order", () => {
    const [sent] = [message(5, "one")];
    if (sent?.kind.type !== "message") throw new Error("a message");
    const first = changeMessage(sent.kind.value, edited(7, 5, 1, "two"));
    const second = changeMessage(first, edited(9, 5, 2, "three"));
    expect(second).toMatchObject({ changed: 9, edited: { revision: 2, position: 9, time: 9 } });
    expect(changeMessage(second, edited(7, 5, 1, "two"))).toBe(second);
    // An edit that was replaced has no words: what replaced it comes later.
    expect(messageText(changeMessage(sent.kind.value, edited(7, 5, 1, null)))).toBe("one");
    const gone = changeMessage(second, deleted(10, 5));
    expect([isDeleted(gone), messageText(gone), gone.edited]).toEqual([true, null, null]);
  });

  test("add reactions and take them back, one of each person and emoji", () => {
    const react = (position: number, user: typeof ME, emoji: string, added: boolean) =>
      entry(position, { type: "reacted", value: { message: 5, number: 5, user, emoji, added } });
    const all = [
      react(6, ME, "☕", true),
      react(7, OTHER, "☕", true),
      react(8, ME, "👍", true),
      react(9, ME, "☕", false),
    ];
    const { log: after } = append(log([message(5, "one")]), all);
    expect(after.entries[0]?.kind).toMatchObject({
      value: {
        changed: 9,
        reactions: [
          { user: OTHER, emoji: "☕" },
          { user: ME, emoji: "👍" },
        ],
      },
    });
    const gone = append(after, [deleted(10, 5)]).log;
    expect(gone.entries[0]?.kind).toMatchObject({ value: { reactions: [], extras: [] } });
  });

  test("reach messages that are here, whichever comes first", () => {
    const copy = log([message(5, "one"), message(6, "more")]);
    const after = append(copy, [edited(7, 5, 1, "two"), deleted(8, 6)]).log;
    expect(texts(after.entries)).toEqual(["two", null]);
    // The page was read before the message was deleted, and comes after that.
    const tail = log([edited(7, 4, 1, "new"), deleted(8, 3)]);
    const page = {
      entries: [message(3, "gone"), message(4, "old"), message(5, "same"), message(6, "same")],
      moreBefore: false,
      moreAfter: true,
      head: 6,
    };
    expect(texts(prepend(tail, page).entries)).toEqual([null, "new", "same", "same"]);
    expect(withChanges(page.entries, [deleted(9, 2), deleted(9, 77)])).toBe(page.entries);
  });

  test("show in the list while they are about the last message", () => {
    const preview = { number: 5, sender: ME, text: "one", time: 5, deleted: false };
    const summary = { room: ROOM, head: 5, number: 5, read: 5, unread: 0, preview } as Parameters<
      typeof advance
    >[0];
    const after = advance(summary, [edited(6, 5, 1, "two"), edited(7, 4, 1, "other")], ME);
    expect(after).toMatchObject({ head: 7, number: 5, unread: 0, preview: { text: "two" } });
    const gone = advance(after, [deleted(8, 5)], ME);
    expect(gone.preview).toMatchObject({ text: "", deleted: true, number: 5 });
  });
});

test("a message of the type has all fields", () => {
  const sent = message(1, "one").kind;
  const value: Message | null = sent.type === "message" ? sent.value : null;
  expect(value?.changed).toBe(0);
});
