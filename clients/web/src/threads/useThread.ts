import {
  type Entry,
  type RoomId,
  type ThreadAnchor,
  type ThreadPage,
  threadAfter,
  threadKey,
  threadOf,
  withNewer,
  withOlder,
} from "@caffis/chat";
import { useCallback, useEffect, useRef, useState } from "react";
import { useChat } from "../app/chat.tsx";
import { usePlace } from "../app/place.ts";
import { useReadable } from "../common/useReadable.ts";

/** A thread as it is shown. */
export interface ShownThread {
  /** The root and its replies, kept up to date; null while it loads. */
  readonly page: ThreadPage | null;
  readonly error: unknown;
  readonly following: boolean;
  /** The number of the last reply that this person has read. */
  readonly read: number;
  /** Loads the replies before those that are here. */
  older(): Promise<void>;
  /** Loads the replies after them. */
  newer(): Promise<void>;
  /** Shows the replies on both sides of the one with this number instead. */
  around(number: number): void;
  /** Asks for it again. */
  again(): void;
}

const LATEST: ThreadAnchor = { type: "latest" };

/** Loads a thread, and keeps it up to date from the room's copy. */
export function useThread(room: RoomId, root: number): ShownThread {
  const { client } = useChat();
  const view = useReadable(client.room(room));
  const followed = useReadable(client.threads.followed).get(threadKey(room, root));
  const place = usePlace(room, root);
  const [page, setPage] = useState<ThreadPage | null>(null);
  const [error, setError] = useState<unknown>(null);
  // Whoever was led to a reply begins there.
  const [anchor, setAnchor] = useState(() => (place?.thread ? at(place.thread.number) : LATEST));
  const [attempt, setAttempt] = useState(0);
  const end = useRef<AbortController>(null);

  const load = useCallback(async () => {
    end.current?.abort();
    const controller = new AbortController();
    end.current = controller;
    setError(null);
    try {
      const found = await client.threads.page(room, root, anchor, controller.signal);
      if (!controller.signal.aborted) setPage(found);
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure);
    }
  }, [client, room, root, anchor]);
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
    else if (after !== page) setPage(after);
  }, [page, held, entries, last, load]);

  // What the person writes is at the end.
  const writing = view?.pending.some(({ extras }) => threadOf(extras)?.root === root) ?? false;
  const elsewhere = page?.moreAfter ?? false;
  useEffect(() => {
    if (writing && elsewhere) setAnchor(LATEST);
  }, [writing, elsewhere]);

  const more = async (type: "before" | "after", edge: Entry | undefined) => {
    const value = numberOf(edge);
    if (value === null) return;
    const found = await client.threads.page(room, root, { type, value });
    const joined = type === "before" ? withOlder : withNewer;
    setPage((known) => known && joined(known, found));
  };
  return {
    page,
    error,
    following: followed !== undefined,
    read: followed?.read ?? 0,
    older: () => more("before", page?.replies[0]),
    newer: () => more("after", page?.replies.at(-1)),
    around: useCallback((number: number) => setAnchor(at(number)), []),
    again: () => setAttempt(attempt + 1),
  };
}

function at(number: number): ThreadAnchor {
  return { type: "around", value: number };
}

/** The number of a reply in its thread. */
function numberOf(reply: Entry | undefined): number | null {
  if (reply?.kind.type !== "message") return null;
  return threadOf(reply.kind.value.extras)?.number ?? null;
}
