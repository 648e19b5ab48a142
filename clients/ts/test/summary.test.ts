import { expect, test } from "vitest";
import {
  type Card,
  type Entry,
  type EntryKind,
  type Member,
  type Opened,
  type RoomInfo,
  type RoomSummary,
  userId,
} from "../src/protocol.ts";
import { Store } from "../src/store/store.ts";
import { advance, membersAfter, visitorsAfter } from "../src/store/summary.ts";
import { ME, OTHER, ROOM } from "./fake.ts";

const SUMMARY: RoomSummary = {
  room: ROOM,
  class: "social",
  context: { kind: "group", id: "1" },
  name: "Friday",
  peer: null,
  peerPresence: null,
  members: 2,
  role: "member",
  head: 1,
  number: 0,
  read: 0,
  unread: 0,
  preview: null,
  active: 0,
  readable: true,
  mutedUntil: null,
  placed: { placement: "listed", number: 0 },
  settings: { slowModeSeconds: 0, frozen: false, announcements: false },
  description: null,
  history: { type: "all" },
};

function entry(position: number, kind: EntryKind): Entry {
  return { position, time: position, kind };
}

function opened(card: Card | null): Opened {
  const page = { entries: [], moreBefore: false, moreAfter: false, head: 1 };
  return { room: SUMMARY, page, markers: [], presence: [], attendance: 1, card };
}

function card(title: string | null, detailsVersion: number): Card {
  const details = { title, place: null, time: null, ends: null, timeZone: null, photos: [] };
  const status = { type: "open" } as const;
  const versions = { detailsVersion, statusVersion: 1, participantsVersion: 1 };
  return { details, status, participants: [], ...versions };
}

const promoted = entry(2, { type: "role", value: { user: ME, role: "admin", by: OTHER } });
const joined = entry(3, {
  type: "joined",
  value: { users: [OTHER], by: ME, visibleAfter: 0, invite: null },
});
const left = entry(4, { type: "left", value: { user: OTHER, by: OTHER } });

function member(user: Member["profile"]["user"]): Member {
  const profile = { user, name: user, picture: null };
  return { profile, role: "member", joined: 0, presence: null };
}

test("a summary follows the roles and members of its log, each entry once", () => {
  const after = advance(SUMMARY, [promoted, joined], ME);
  expect(after).toMatchObject({ role: "admin", members: 3, head: 3 });
  expect(advance(after, [left], ME)).toMatchObject({ role: "admin", members: 2, head: 4 });
  expect(advance(after, [promoted, joined], ME)).toEqual(after);
  expect(advance(SUMMARY, [promoted], OTHER).role).toBe("member");
});

test("a summary follows how people write, each entry once", () => {
  const before = SUMMARY.settings;
  const settings = { slowModeSeconds: 30, frozen: true, announcements: false };
  const set = entry(5, { type: "settings", value: { settings, before, by: OTHER } });
  const back = entry(6, {
    type: "settings",
    value: { settings: before, before: settings, by: ME },
  });
  expect(advance(SUMMARY, [set], ME).settings).toEqual(settings);
  const after = advance(SUMMARY, [set, back], ME);
  expect(advance(after, [set], ME).settings).toEqual(before);
});

const INFO: RoomInfo = { name: SUMMARY.name, description: null, history: { type: "all" } };

/** What a room is called and what it is for changes. */
function described(position: number, change: Partial<RoomInfo>, before = INFO): Entry {
  return entry(position, {
    type: "info",
    value: { info: { ...before, ...change }, before, by: OTHER },
  });
}

test("a summary follows what the room is called, what it is for and what later members see", () => {
  const renamed = described(2, { name: "Saturday", description: "For the weekend" });
  const after = advance(SUMMARY, [renamed], ME);
  expect(after).toMatchObject({ name: "Saturday", description: "For the weekend" });
  const now = { ...INFO, name: "Saturday", description: "For the weekend" };
  const rest = described(3, { description: null, history: { type: "last", value: 50 } }, now);
  const last = advance(after, [rest], ME);
  expect(last).toMatchObject({ name: "Saturday", description: null });
  expect(last.history).toEqual({ type: "last", value: 50 });
  expect(advance(last, [renamed], ME)).toEqual(last);
});

test("the title of what a room is about counts more than its own name", () => {
  const renamed = described(4, { name: "Saturday", description: "For the weekend" });
  const titled = { ...SUMMARY, name: "Tea" };
  for (const known of [null, card("Tea", 1)]) {
    const after = advance(titled, [renamed], ME, known);
    expect(after).toMatchObject({ name: "Tea", description: "For the weekend" });
  }
  // They may be the same.
  expect(advance(SUMMARY, [renamed], ME, card("Friday", 1)).name).toBe("Friday");
  expect(advance(SUMMARY, [renamed], ME, card(null, 1)).name).toBe("Saturday");
  const about = entry(3, { type: "context", value: card("Tea", 2) });
  expect(advance(SUMMARY, [about, renamed], ME).name).toBe("Tea");
});

test("a list of members follows roles and who left, and is loaded again for who came", () => {
  const members = [member(ME), member(OTHER)];
  expect(membersAfter(members, promoted)?.map(({ role }) => role)).toEqual(["admin", "member"]);
  expect(membersAfter(members, left)?.map(({ profile }) => profile.user)).toEqual([ME]);
  expect(membersAfter(members, joined)).toBeNull();
  expect(membersAfter(null, left)).toBeNull();
});

test("a room's members follow its entries, held or not", () => {
  for (const held of [false, true]) {
    const store = new Store({ behind: () => {}, arrived: () => {}, marking: () => 0 });
    store.put(SUMMARY);
    if (held) {
      store.opened(opened(null));
    }
    store.members(ROOM, [member(ME), member(OTHER)]);
    store.entry(ROOM, entry(2, left.kind));
    expect(store.get(ROOM)?.members).toHaveLength(1);
    expect(store.get(ROOM)?.summary.members).toBe(1);
  }
});

test("what a room is about follows its entries, held or not, and never goes back", () => {
  for (const held of [false, true]) {
    const store = new Store({ behind: () => {}, arrived: () => {}, marking: () => 0 });
    store.put(SUMMARY);
    expect(store.get(ROOM)?.card).toBeNull();
    if (held) store.opened(opened(card("Coffee", 1)));
    store.entry(ROOM, entry(2, { type: "context", value: card("Tea", 2) }));
    expect(store.get(ROOM)?.card?.details.title).toBe("Tea");
    expect(store.get(ROOM)?.summary.name).toBe("Tea");
    // An answer that was on its way when the entry came.
    store.opened(opened(card("Coffee", 1)));
    expect(store.get(ROOM)?.card?.details.title).toBe("Tea");
    // That copy ends before the entry that came.
    if (!held) store.entry(ROOM, entry(2, { type: "context", value: card("Tea", 2) }));
    store.entry(ROOM, entry(3, { type: "context", value: card(null, 3) }));
    expect(store.get(ROOM)?.card?.detailsVersion).toBe(3);
  }
});

test("of two presences the one with the larger version counts", () => {
  const store = new Store({ behind: () => {}, arrived: () => {}, marking: () => 0 });
  const presence = { user: OTHER, version: 7, lastSeen: null, status: null } as const;
  store.people.presence([{ ...presence, availability: "online" }]);
  store.people.presence([{ ...presence, version: 6, availability: "offline" }]);
  expect(store.people.view.getSnapshot().presence.get(OTHER)?.availability).toBe("online");
});

test("messages of the past are news to nobody who had read everything", () => {
  const message = (number: number, sender: typeof ME, imported: boolean): Entry => {
    const extras = imported ? [{ type: "imported", value: { time: 7 } } as const] : [];
    const body = { type: "text", value: { text: `no. ${number}` } } as const;
    const rest = { key: null, changed: 0, edited: null, reactions: [], extras };
    return entry(number + 1, { type: "message", value: { number, sender, body, ...rest } });
  };
  const read = advance(SUMMARY, [message(1, OTHER, true), message(2, ME, true)], ME);
  expect([read.number, read.unread, read.preview?.time]).toEqual([2, 0, 7]);
  const unread = advance(read, [message(3, OTHER, false), message(4, ME, true)], ME);
  expect([unread.number, unread.read, unread.unread]).toEqual([4, 2, 2]);
});

test("who walks into a public room and out of it is in the list, by id, and once", () => {
  const told = { room: ROOM, count: 2, entered: null, exited: null };
  const names = (members: readonly Member[] | null) => members?.map((each) => each.profile.name);
  const profile = { user: OTHER, name: "Marco", picture: null };
  const [first, last] = ["Anna", "Zoe"].map((name) => ({
    profile: { user: userId(name.toLowerCase()), name, picture: null },
    role: "member" as const,
    joined: null,
    presence: null,
  })) as [Member, Member];
  const inside = visitorsAfter([first, last], { ...told, entered: profile });
  expect(names(inside)).toEqual(["Anna", "Marco", "Zoe"]);
  expect(names(visitorsAfter(inside, { ...told, entered: profile }))).toEqual(names(inside));
  expect(names(visitorsAfter(inside, { ...told, exited: OTHER }))).toEqual(["Anna", "Zoe"]);
  expect(visitorsAfter(inside, told)).toBe(inside);
  expect(visitorsAfter(null, { ...told, entered: profile })).toBeNull();
});
