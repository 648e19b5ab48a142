import type { Entry, ThreadAnchor } from "@caffis/chat";
import { expect, test } from "vitest";
import { type ShownThread, useRoom, useThread } from "../src/index.ts";
import { message, reply } from "./entries.ts";
import { step, use } from "./render.tsx";
import { ChatServer, ROOM, refusal, start } from "./server.ts";

/** A server with threads of five replies, of which it gives two at a time. */
class ThreadServer extends ChatServer {
  readonly replies: Entry[] = [1, 2, 3, 4, 5].map((number) => reply(number + 1, number));

  constructor() {
    super();
    this.entries.push(message(1), ...this.replies);
    this.answers.thread = ({ value: { root, anchor } }) => {
      const from = begins(anchor, this.replies.length);
      const replies = this.replies.slice(Math.max(0, from), from + 2);
      return {
        type: "thread",
        value: {
          ...{ root: message(root), replies, following: false, read: 0 },
          ...{ moreBefore: from > 0, moreAfter: from + 2 < this.replies.length },
          head: this.entries.length,
        },
      };
    };
  }

  /** The anchors that were asked for, in short. */
  anchors(): string[] {
    return this.asked("thread").map(({ value: { root, anchor } }) => {
      return `${root} ${anchor.type} ${anchor.type === "latest" ? "" : anchor.value}`.trim();
    });
  }
}

function begins(anchor: ThreadAnchor, count: number): number {
  switch (anchor.type) {
    case "latest":
      return count - 2;
    case "before":
      return anchor.value - 3;
    case "after":
      return anchor.value;
    default:
      return anchor.value - 1;
  }
}

interface Props {
  readonly root?: number;
  readonly start?: number | null;
}

function useOpened({ root = 1, start = null }: Props) {
  useRoom(ROOM);
  return useThread(ROOM, root, start);
}

const positions = ({ page }: ShownThread) => page?.replies.map(({ position }) => position);

test("a thread begins with its last replies, and loads those before", async () => {
  const server = new ThreadServer();
  const hook = await use(useOpened, {}, start(server));
  expect(hook.all[0]).toMatchObject({ page: null, error: null });
  expect(positions(hook.now)).toEqual([5, 6]);
  await step(() => hook.now.loadOlder());
  expect(positions(hook.now)).toEqual([3, 4, 5, 6]);
  expect(server.anchors().at(-1)).toBe("1 before 4");
});

test("a thread may begin elsewhere, and loads the replies after", async () => {
  const server = new ThreadServer();
  const hook = await use<Props, ShownThread>(useOpened, { start: 1 }, start(server));
  expect(positions(hook.now)).toEqual([2, 3]);
  await step(() => hook.now.loadNewer());
  expect(positions(hook.now)).toEqual([2, 3, 4, 5]);
  // Where it begins counts once.
  const asked = server.anchors().length;
  await hook.use({ start: null });
  expect(server.anchors()).toHaveLength(asked);
  await step(() => hook.now.loadAround(3));
  expect(positions(hook.now)).toEqual([4, 5]);
});

test("a reply comes when the room has it", async () => {
  const server = new ThreadServer();
  const hook = await use(useOpened, {}, start(server));
  const entry = reply(7, 6);
  server.entries.push(entry);
  await step(() => server.tell(entry));
  expect(positions(hook.now)).toEqual([5, 6, 7]);
});

test("another thread takes the place of the one before", async () => {
  const server = new ThreadServer();
  const hook = await use(useOpened, {}, start(server));
  const before = hook.all.length;
  await hook.use({ root: 2 });
  expect(hook.all[before]).toMatchObject({ page: null, error: null });
  expect(hook.now.page?.root.position).toBe(2);
  expect(server.anchors().at(-1)).toBe("2 latest");
});

test("why a thread could not be loaded is kept until it is tried again", async () => {
  const server = new ThreadServer();
  server.refuse = ({ type }) => (type === "thread" ? refusal("not_found") : null);
  const hook = await use(useOpened, {}, start(server));
  expect(hook.now).toMatchObject({ page: null, error: { code: "not_found" } });
  server.refuse = () => null;
  await step(() => hook.now.retry());
  expect(hook.now.error).toBeNull();
  expect(positions(hook.now)).toEqual([5, 6]);
});

test("what it gives stays the same until it changes", async () => {
  const hook = await use(useOpened, {}, start(new ThreadServer()));
  const before = hook.now;
  await hook.use({});
  expect(hook.now).toBe(before);
});
