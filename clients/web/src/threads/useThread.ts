import { type RoomId, type ThreadPage, threadAfter, threadKey, withOlder } from "@caffis/chat";
import { useCallback, useEffect, useRef, useState } from "react";
import { useChat } from "../app/chat.tsx";
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
  /** Asks for it again. */
  again(): void;
}

/** Loads a thread, and keeps it up to date from the room's copy. */
export function useThread(room: RoomId, root: number): ShownThread {
  const { client } = useChat();
  const view = useReadable(client.room(room));
  const followed = useReadable(client.threads.followed).get(threadKey(room, root));
  const [page, setPage] = useState<ThreadPage | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const end = useRef<AbortController>(null);

  const load = useCallback(async () => {
    end.current?.abort();
    const controller = new AbortController();
    end.current = controller;
    setError(null);
    try {
      const found = await client.threads.page(room, root, undefined, controller.signal);
      if (!controller.signal.aborted) setPage(found);
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure);
    }
  }, [client, room, root]);
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

  const older = async () => {
    const first = page?.replies[0]?.kind;
    const extras = first?.type === "message" ? first.value.extras : [];
    const thread = extras.find((extra) => extra.type === "thread");
    if (thread?.type !== "thread") return;
    const anchor = { type: "before", value: thread.value.number } as const;
    const before = await client.threads.page(room, root, anchor);
    setPage((known) => known && withOlder(known, before));
  };
  return {
    page,
    error,
    following: followed !== undefined,
    read: followed?.read ?? 0,
    older,
    again: () => setAttempt(attempt + 1),
  };
}
