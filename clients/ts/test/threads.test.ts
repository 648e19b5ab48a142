import { describe, expect, test } from "vitest";
import {
  latestThreads,
  threadAfter,
  threadKey,
  unreadThreads,
  withNewer,
  withOlder,
} from "../src/client/threads.ts";
import type {
  Command,
  Entry,
  Extra,
  FollowedThread,
  Message,
  OwnThread,
  Reply,
  SearchPlace,
  ThreadPage,
} from "../src/protocol.ts";
import {
  changeRoot,
  isDeleted,
  messageText,
  repliesOf,
  withChanges,
} from "../src/store/changes.ts";
import { FakeServer, ME, OTHER, ROOM, settled } from "./fake.ts";
import { count, start } from "./start.ts";

function message(position: number, text: string, extras: readonly Extra[] = []): Entry {
  const value: Message = {
    number: position,
    sender: OTHER,
    key: null,
    body: { type: "text", value: { text } },
    changed: 0,
    edited: null,
    reactions: [],
    extras,
  };
  return { position, time: position, kind: { type: "message", value } };
}

function reply(position: number, root: number, number: number, text = `reply ${number}`): Entry {
  return message(position, text, [{ type: "thread", value: { root, number, inRoom: false } }]);
}

function deleted(position: number, about: number, thread: number | null): Entry {
  const value = { message: about, number: about, replaces: 0, by: OTHER, thread };
  return { position, time: position, kind: { type: "deleted", value } };
}

function messageIn(entry: Entry | undefined): Message {
  if (entry?.kind.type !== "message") throw new Error("no message");
  return entry.kind.value;
}

const texts = (page: ThreadPage | null) =>
  page?.replies.map((entry) => messageText(messageIn(entry)) ?? "-");

describe("roots", () => {
  test("count replies, once each, and take deleted ones back", () => {
    let root = messageIn(message(2, "who comes?"));
    for (const entry of [reply(5, 2, 1), reply(6, 2, 2), reply(6, 2, 2)]) {
      root = changeRoot(root, entry);
    }
    expect(repliesOf(root.extras)).toEqual({
      count: 2,
      last: 2,
      position: 6,
      time: 6,
      people: [OTHER],
    });
    for (const entry of [deleted(8, 5, 2), deleted(8, 5, 2), deleted(9, 6, 2)]) {
      root = changeRoot(root, entry);
    }
    expect(repliesOf(root.extras)).toMatchObject({ count: 0, last: 2, people: [] });
    expect(root.changed).toBe(9);
  });

  test("follow from the log alone, and tombstones stay in their thread", () => {
    const log = [message(2, "who comes?"), reply(3, 2, 1), deleted(4, 3, 2), reply(5, 2, 2)];
    const [root, first] = withChanges(log, log);
    expect(repliesOf(messageIn(root).extras)).toMatchObject({ count: 1, last: 2, position: 5 });
    expect(isDeleted(messageIn(first))).toBe(true);
    expect(messageIn(first).extras).toMatchObject([{ type: "thread", value: { root: 2 } }]);
  });
});

describe("a page of a thread", () => {
  const page: ThreadPage = {
    root: message(2, "who comes?"),
    replies: [reply(3, 2, 1), reply(5, 2, 2)],
    moreBefore: false,
    moreAfter: false,
    following: true,
    read: 1,
    head: 6,
  };

  test("takes what the room's copy has after it", () => {
    const entries = [message(6, "else"), reply(7, 2, 3), deleted(8, 3, 2), reply(9, 4, 1)];
    const after = threadAfter(page, { entries, last: 9 });
    expect(texts(after)).toEqual(["-", "reply 2", "reply 3"]);
    expect(repliesOf(messageIn(after?.root).extras)?.last).toBe(3);
    expect(after?.head).toBe(9);
    if (!after) return;
    expect(threadAfter(after, { entries, last: 9 })).toBe(after);
  });

  test("has to be asked for again where entries are missing between", () => {
    expect(threadAfter(page, { entries: [reply(8, 2, 3)], last: 8 })).toBeNull();
    expect(threadAfter(page, { entries: [], last: 0 })).toBe(page);
    const early = { entries: [message(1, "one"), message(2, "who comes?")], last: 2 };
    expect(texts(threadAfter(page, early))).toEqual(["reply 1", "reply 2"]);
  });

  test("grows at its beginning without doubles", () => {
    const newer = { ...page, replies: [reply(5, 2, 2)], moreBefore: true };
    const both = withOlder(newer, { ...page, moreBefore: false });
    expect(texts(both)).toEqual(["reply 1", "reply 2"]);
    expect(both.moreBefore).toBe(false);
  });

  test("grows at its end without doubles, and then takes what is new", () => {
    const older = { ...page, replies: [reply(3, 2, 1)], moreAfter: true };
    const entries = [message(6, "else"), reply(7, 2, 3)];
    expect(texts(threadAfter(older, { entries, last: 7 }))).toEqual(["reply 1"]);
    // The room's copy has a reply that the page has already.
    const newer = { ...page, replies: [reply(5, 2, 2), reply(7, 2, 3)], head: 7 };
    const both = withNewer(older, newer);
    expect(both).toMatchObject({ moreAfter: false, head: 6 });
    const now = threadAfter(both, { entries: [...entries, reply(8, 2, 4)], last: 8 });
    expect(texts(now)).toEqual(["reply 1", "reply 2", "reply 3", "reply 4"]);
  });
});

/** A server that gives followed threads in pages of one. */
class Threading extends FakeServer {
  kept: FollowedThread[] = [];

  override answer(command: Command): Reply {
    if (command.type === "threads") {
      const { before } = command.value;
      const at = before ? this.kept.findIndex((it) => it.root.position === before.position) + 1 : 0;
      const last = this.kept[at];
      const more = last !== undefined && at + 1 < this.kept.length;
      const next: SearchPlace | null = more
        ? { time: 0, room: ROOM, position: last.root.position }
        : null;
      return { type: "threads", value: { threads: last ? [last] : [], unread: 0, next } };
    }
    if (command.type === "follow_thread" || command.type === "mark_thread_read") {
      return { type: "done" };
    }
    return super.answer(command);
  }

  tellOwn(own: Partial<OwnThread>): void {
    const value = { room: ROOM, root: 2, following: true, read: null, ...own };
    this.link.event({ type: "thread", value });
  }
}

function followed(root: number, last: number, read: number): FollowedThread {
  const preview = { number: root, sender: ME, text: "who?", time: root, deleted: false };
  return {
    room: ROOM,
    root: { position: root, changed: 0, preview },
    replies: { count: last, last, position: root + last, time: 100 + last, people: [OTHER] },
    read,
    unread: last - read,
  };
}

describe("followed threads", () => {
  test("are known over all pages, and follow what happens", async () => {
    const server = new Threading();
    server.kept = [followed(2, 3, 1), followed(7, 5, 5)];
    const { client } = start(server);
    await settled();
    await client.threads.load();
    const view = () => client.threads.followed.getSnapshot();
    expect(latestThreads(view()).map(({ root }) => root.position)).toEqual([7, 2]);
    expect(unreadThreads(view())).toBe(1);
    await client.open(ROOM);
    await settled();
    const at = (root: number) => view().get(threadKey(ROOM, root));
    const arrive = (entry: Entry) =>
      server.link.event({ type: "entry", value: { room: ROOM, entry } });
    arrive(reply(server.entries.length + 1, 7, 6));
    await settled();
    expect(at(7)).toMatchObject({ unread: 1, replies: { last: 6, count: 6 } });
    // Known already: it came with the list.
    arrive(reply(server.entries.length + 2, 7, 5));
    await settled();
    expect(at(7)).toMatchObject({ unread: 1, replies: { last: 6 } });
    server.tellOwn({ root: 7, read: 6 });
    server.tellOwn({ root: 2, following: false });
    await settled();
    expect([at(7)?.unread, at(2)]).toEqual([0, undefined]);
    // One that is not known has to be asked for.
    server.kept = [followed(2, 3, 3), followed(7, 6, 6)];
    const asked = count(server, "threads");
    server.tellOwn({ root: 2 });
    await settled();
    expect(count(server, "threads")).toBeGreaterThan(asked);
    expect(at(2)?.unread).toBe(0);
  });

  test("are asked for again with each session, but not before somebody wants them", async () => {
    const server = new Threading();
    server.kept = [followed(2, 3, 1)];
    const { client, timers } = start(server);
    await settled();
    server.tellOwn({});
    await settled();
    expect(count(server, "threads")).toBe(0);
    await client.threads.load();
    server.kept = [followed(2, 4, 1)];
    server.link.cut();
    await timers.advance(5_000);
    await settled();
    expect(client.threads.followed.getSnapshot().get(threadKey(ROOM, 2))?.unread).toBe(3);
  });

  test("show at once what was read here", async () => {
    const server = new Threading();
    server.kept = [followed(2, 3, 1)];
    const { client } = start(server);
    await settled();
    await client.threads.load();
    const marked = client.threads.markRead(ROOM, 2, 3);
    expect(unreadThreads(client.threads.followed.getSnapshot())).toBe(0);
    await marked;
    const last = server.commands.at(-1);
    expect(last).toEqual({ type: "mark_thread_read", value: { room: ROOM, root: 2, number: 3 } });
  });

  test("a reply is sent with its root, and waits for its number", async () => {
    const server = new Threading();
    const { client } = start(server);
    await client.open(ROOM);
    client.send(ROOM, "me", null, undefined, { root: 2, inRoom: true });
    await settled();
    const sent = server.commands.find((command) => command.type === "send");
    expect(sent?.type === "send" ? sent.value.extras : null).toEqual([
      { type: "thread", value: { root: 2, number: 0, inRoom: true } },
    ]);
  });
});
