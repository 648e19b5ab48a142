import {
  type Entry,
  type RoomId,
  type ThreadAnchor,
  type ThreadKey,
  type ThreadPage,
  threadAfter,
  threadKey,
  threadOf,
  withNewer,
  withOlder,
} from "@caffis/chat";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useChat } from "./context.tsx";
import { useThreads } from "./lists.ts";
import { useRoomView } from "./useRoom.ts";

/** A thread as it is shown. */
export interface ShownThread {
  /** The root and its replies, kept up to date; null while it loads. */
  readonly page: ThreadPage | null;
  /** Why it could not be loaded; null for no reason. */
  readonly error: unknown;
  /** Whether the person follows it. */
  readonly following: boolean;
  /** The number of the last reply that the person has read. */
  readonly read: number;
  /** Loads the replies before those that are here. */
  readonly loadOlder: () => Promise<void>;
  /** Loads the replies after them. */
  readonly loadNewer: () => Promise<void>;
  /** Shows the replies on both sides of the one with this number instead. */
  readonly loadAround: (number: number) => void;
  /** Asks for it again. */
  readonly retry: () => void;
}

const LATEST: ThreadAnchor = { type: "latest" };

/**
 * Loads a thread, and keeps it up to date from the room's copy, for which the room has to be open. `start` is the
 * number of the reply around which it begins; the latest by default.
 */
export function useThread(room: RoomId, root: number, start: number | null = null): ShownThread {
  const client = useChat();
  const key = threadKey(room, root);
  const view = useRoomView(room);
  const followed = useThreads().get(key);
  const [shown, setShown] = useState<Of<ThreadPage> | null>(null);
  const [failure, setFailure] = useState<Of<unknown> | null>(null);
  const [begin, setBegin] = useState<Of<ThreadAnchor>>(() => ({ of: key, value: anchorAt(start) }));
  const [attempt, setAttempt] = useState(0);
  if (begin.of !== key) setBegin({ of: key, value: anchorAt(start) });
  const anchor = begin.value;
  const page = shown?.of === key ? shown.value : null;
  const error = failure?.of === key ? failure.value : null;
  const end = useRef<AbortController>(null);

  const load = useCallback(async () => {
    end.current?.abort();
    const controller = new AbortController();
    end.current = controller;
    setFailure(null);
    try {
      const found = await client.threads.page(room, root, anchor, controller.signal);
      if (!controller.signal.aborted) setShown({ of: key, value: found });
    } catch (failed) {
      if (!controller.signal.aborted) setFailure({ of: key, value: failed });
    }
  }, [client, room, root, key, anchor]);
  useEffect(() => {
    void attempt;
    void load();
    return () => end.current?.abort();
  }, [load, attempt]);

  const { entries, last, held } = view ?? { entries: [], last: 0, held: false };
  useEffect(() => {
    if (!page || !held) return;
    const after = threadAfter(page, { entries, last });
    if (after === null) void load();
    else if (after !== page) setShown({ of: key, value: after });
  }, [key, page, held, entries, last, load]);

  // What the person writes is at the end.
  const writing = view?.pending.some(({ extras }) => threadOf(extras)?.root === root) ?? false;
  const elsewhere = page?.moreAfter ?? false;
  useEffect(() => {
    if (writing && elsewhere) setBegin({ of: key, value: LATEST });
  }, [key, writing, elsewhere]);

  const loadMore = useCallback(
    async (type: "before" | "after", edge: Entry | undefined) => {
      const value = numberOf(edge);
      if (value === null) return;
      const found = await client.threads.page(room, root, { type, value });
      const join = type === "before" ? withOlder : withNewer;
      setShown((known) =>
        known?.of === key ? { of: key, value: join(known.value, found) } : known,
      );
    },
    [client, room, root, key],
  );
  const first = page?.replies[0];
  const newest = page?.replies.at(-1);
  const loadOlder = useCallback(() => loadMore("before", first), [loadMore, first]);
  const loadNewer = useCallback(() => loadMore("after", newest), [loadMore, newest]);
  const loadAround = useCallback(
    (number: number) => setBegin({ of: key, value: anchorAt(number) }),
    [key],
  );
  const retry = useCallback(() => setAttempt((attempts) => attempts + 1), []);
  const following = followed !== undefined;
  const read = followed?.read ?? 0;
  return useMemo(
    () => ({ page, error, following, read, loadOlder, loadNewer, loadAround, retry }),
    [page, error, following, read, loadOlder, loadNewer, loadAround, retry],
  );
}

/** Something of one thread. */
interface Of<T> {
  readonly of: ThreadKey;
  readonly value: T;
}

function anchorAt(number: number | null): ThreadAnchor {
  return number === null ? LATEST : { type: "around", value: number };
}

/** The number of a reply in its thread. */
function numberOf(reply: Entry | undefined): number | null {
  if (reply?.kind.type !== "message") return null;
  return threadOf(reply.kind.value.extras)?.number ?? null;
}
