import { type RefObject, useCallback, useEffect, useLayoutEffect } from "react";
import type { Item } from "../room/timeline.ts";
import { useFollowing } from "../room/useFollowing.ts";

/** Keeps the end of a thread in view until the person scrolls up; gives how to bring an item into view. */
export function useThreadScroll(
  log: RefObject<HTMLElement | null>,
  items: readonly Item[],
  moreAfter: boolean,
): (index: number) => void {
  const { following, look } = useFollowing(log, moreAfter);
  useEffect(() => {
    const area = log.current;
    area?.addEventListener("scroll", look, { passive: true });
    return () => area?.removeEventListener("scroll", look);
  }, [log, look]);
  const last = items.at(-1);
  const writing = last?.type === "message" && last.pending !== null ? last.key : null;
  useLayoutEffect(() => {
    // What the person writes leads back to the end.
    if (writing !== null) following.set(true);
  }, [writing, following]);
  useLayoutEffect(() => {
    void items;
    const area = log.current;
    if (area && following.on) area.scrollTop = area.scrollHeight;
  }, [items, log, following]);
  return useCallback(
    (index: number) => {
      following.set(false);
      const row = log.current?.querySelector(`li[data-index="${index}"]`);
      row?.scrollIntoView({ block: "center" });
    },
    [log, following],
  );
}
