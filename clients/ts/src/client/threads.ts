/** Threads: the replies to a message, which threads this person follows, and what they have read of them. */

import type {
  Command,
  Entry,
  FollowedThread,
  OwnThread,
  Reply,
  RoomId,
  SearchPlace,
  ThreadAnchor,
  ThreadPage,
} from "../protocol.ts";
import {
  changedMessage,
  changedThread,
  changeMessage,
  changeRoot,
  threadOf,
} from "../store/changes.ts";
import { Cell, type Readable } from "../store/readable.ts";
import type { RoomView } from "../store/views.ts";
import type { ProfileLoader } from "./profiles.ts";

type Request = (command: Command, signal?: AbortSignal) => Promise<Reply>;

/** Names a thread: its room, and the position of its root. */
export type ThreadKey = `${RoomId}:${number}`;

/** The threads that a person follows. */
export type FollowedView = ReadonlyMap<ThreadKey, FollowedThread>;

/** Replies in one page of a thread. */
const PAGE_REPLIES = 50;
/** Threads in one page of those that a person follows. */
const PAGE_FOLLOWED = 50;

/** The name of a thread. */
export function threadKey(room: RoomId, root: number): ThreadKey {
  return `${room}:${root}`;
}

/** Those that a person follows, the latest reply first. Pure. */
export function latestThreads(view: FollowedView): FollowedThread[] {
  const time = ({ root, replies }: FollowedThread) => Math.max(replies.time, root.preview.time);
  return [...view.values()].sort((one, other) => time(other) - time(one));
}

/** How many of them have replies that the person has not read. */
export function unreadThreads(view: FollowedView): number {
  return [...view.values()].filter((thread) => thread.unread > 0).length;
}

/** The threads of a client. */
export class Threads {
  readonly #profiles: ProfileLoader;
  readonly #request: Request;
  readonly #view = new Cell<FollowedView>(new Map());
  #wanted = false;
  /** Counts what was asked, so that only the last answer counts. */
  #asked = 0;
  /** What came while the server was asked. */
  #later: ((view: FollowedView) => FollowedView)[] | null = null;

  constructor(profiles: ProfileLoader, request: Request) {
    this.#profiles = profiles;
    this.#request = request;
  }

  /** Those that this person follows, once they were asked for. */
  get followed(): Readable<FollowedView> {
    return this.#view;
  }

  /** Asks for them; from then on they are kept up to date, over reconnects too. */
  async load(): Promise<void> {
    this.#wanted = true;
    this.#asked += 1;
    const asked = this.#asked;
    this.#later = [];
    const found = new Map<ThreadKey, FollowedThread>();
    let before: SearchPlace | null = null;
    do {
      const value: { before: SearchPlace | null; limit: number } = { before, limit: PAGE_FOLLOWED };
      const reply: Reply = await this.#request({ type: "threads", value });
      if (reply.type !== "threads" || this.#asked !== asked) return;
      for (const thread of reply.value.threads) {
        found.set(threadKey(thread.room, thread.root.position), thread);
      }
      before = reply.value.next;
    } while (before !== null);
    const later = this.#later ?? [];
    this.#later = null;
    const people = [...found.values()].flatMap(({ root, replies }) => [
      root.preview.sender,
      ...replies.people,
    ]);
    this.#profiles.of(people);
    this.#view.set(later.reduce<FollowedView>((view, change) => change(view), found));
  }

  /** A session began: what happened before it is not told. */
  welcomed(): void {
    if (this.#wanted) this.#again();
  }

  /** This person follows a thread, or no longer, or has read it further. */
  heard(own: OwnThread): void {
    if (!this.#wanted) return;
    const known = this.#view.getSnapshot().has(threadKey(own.room, own.root));
    // What its root says, only the server knows.
    if (own.following && !known) this.#again();
    else this.#change((view) => followedAfter(view, own));
  }

  /** A new message, or one that was deleted, is in a room's log. */
  entry(room: RoomId, entry: Entry): void {
    if (this.#wanted) this.#change((view) => repliedAfter(view, room, entry));
  }

  /** A page of a thread, with its root. */
  async page(
    room: RoomId,
    root: number,
    anchor: ThreadAnchor = { type: "latest" },
    signal?: AbortSignal,
  ): Promise<ThreadPage> {
    const value = { room, root, anchor, limit: PAGE_REPLIES };
    const reply = await this.#request({ type: "thread", value }, signal);
    if (reply.type !== "thread") throw new Error(`thread was answered by ${reply.type}`);
    this.#profiles.ofEntries([reply.value.root, ...reply.value.replies]);
    return reply.value;
  }

  /** Follows a thread, or no longer. */
  async follow(room: RoomId, root: number, follow: boolean, signal?: AbortSignal): Promise<void> {
    await this.#request({ type: "follow_thread", value: { room, root, follow } }, signal);
  }

  /** Says that the person has read the replies up to this number, in a thread that they follow. */
  async markRead(room: RoomId, root: number, number: number): Promise<void> {
    this.heard({ room, root, following: true, read: number });
    await this.#request({ type: "mark_thread_read", value: { room, root, number } });
  }

  #change(change: (view: FollowedView) => FollowedView): void {
    this.#later?.push(change);
    this.#view.set(change(this.#view.getSnapshot()));
  }

  #again(): void {
    void this.load().catch(ignore);
  }
}

/** The next session asks again. */
function ignore(): void {}

/** The threads after news of one that is known, or that is followed no longer. Pure. */
export function followedAfter(view: FollowedView, own: OwnThread): FollowedView {
  const key = threadKey(own.room, own.root);
  const thread = view.get(key);
  if (!thread) return view;
  const after = new Map(view);
  if (own.following) after.set(key, withRead(thread, Math.max(thread.read, own.read ?? 0)));
  else after.delete(key);
  return after;
}

function withRead(thread: FollowedThread, read: number): FollowedThread {
  return { ...thread, read, unread: Math.max(0, thread.replies.last - read) };
}

/** The threads after an entry of a room. A reply that is counted already changes nothing. Pure. */
export function repliedAfter(view: FollowedView, room: RoomId, entry: Entry): FollowedView {
  const root = changedThread(entry.kind);
  const key = root === null ? null : threadKey(room, root);
  const thread = key === null ? undefined : view.get(key);
  if (key === null || !thread || entry.position <= thread.root.changed) return view;
  const { kind } = entry;
  const number = kind.type === "message" ? (threadOf(kind.value.extras)?.number ?? 0) : 0;
  if (kind.type === "message" && number <= thread.replies.last) return view;
  // The root itself is not here: only what it says of its thread.
  const { replies } = thread;
  const bare = { extras: [{ type: "replies", value: replies }], changed: 0 } as const;
  const counted = changeRoot({ ...NO_MESSAGE, ...bare }, entry);
  const [extra] = counted.extras;
  if (extra?.type !== "replies") return view;
  const after = { ...thread, replies: extra.value };
  return new Map(view).set(key, withRead(after, thread.read));
}

const NO_MESSAGE = {
  number: 0,
  sender: null,
  key: null,
  body: { type: "hidden" },
  edited: null,
  reactions: [],
} as const;

/**
 * A page of a thread after what the room's copy has: replies that are new, and messages as they are now. Null where
 * entries are missing between the two, so that it has to be asked for again; the same page if nothing changed. Pure.
 */
export function threadAfter(
  page: ThreadPage,
  { entries, last }: Pick<RoomView, "entries" | "last">,
): ThreadPage | null {
  const first = entries[0]?.position;
  if (first === undefined) return page;
  if (last > page.head && first > page.head + 1) return null;
  const fresh = entries.slice(Math.max(0, page.head + 1 - first));
  const now = (entry: Entry) => entries[entry.position - first] ?? changed(entry, fresh);
  const root = now(page.root);
  let replies: readonly Entry[] = page.replies.map(now);
  if (replies.every((reply, at) => reply === page.replies[at])) replies = page.replies;
  const isNew = ({ kind }: Entry) =>
    kind.type === "message" && changedThread(kind) === page.root.position;
  const known = page.replies.at(-1)?.position ?? 0;
  const added = page.moreAfter ? [] : fresh.filter((it) => it.position > known && isNew(it));
  if (added.length > 0) replies = [...replies, ...added];
  if (root === page.root && replies === page.replies && fresh.length === 0) return page;
  return { ...page, root, replies, head: Math.max(page.head, last) };
}

/** A message after the entries that change it. */
function changed(entry: Entry, changes: readonly Entry[]): Entry {
  if (entry.kind.type !== "message") return entry;
  let message = entry.kind.value;
  for (const change of changes) {
    if (changedMessage(change.kind) === entry.position) message = changeMessage(message, change);
    if (changedThread(change.kind) === entry.position) message = changeRoot(message, change);
  }
  return message === entry.kind.value
    ? entry
    : { ...entry, kind: { type: "message", value: message } };
}

/** A page with older replies before it. Pure. */
export function withOlder(page: ThreadPage, older: ThreadPage): ThreadPage {
  const first = page.replies[0]?.position ?? Number.POSITIVE_INFINITY;
  const before = older.replies.filter((reply) => reply.position < first);
  // They may have been read before changes that the page has already, or after: the room's copy says.
  const head = Math.min(page.head, older.head);
  return { ...page, replies: [...before, ...page.replies], moreBefore: older.moreBefore, head };
}

/** A page with newer replies after it. Pure. */
export function withNewer(page: ThreadPage, newer: ThreadPage): ThreadPage {
  const last = page.replies.at(-1)?.position ?? 0;
  const after = newer.replies.filter((reply) => reply.position > last);
  const head = Math.min(page.head, newer.head);
  return { ...page, replies: [...page.replies, ...after], moreAfter: newer.moreAfter, head };
}
