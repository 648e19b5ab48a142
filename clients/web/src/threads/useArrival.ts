import type { ShownThread } from "@caffis/chat-react";
import { useLayoutEffect, useRef } from "react";
import { arrived, type Place } from "../app/place.ts";
import type { Item } from "../room/timeline.ts";
import { useFlash } from "../room/useFlash.ts";

/** Brings the reply to which somebody was led into view; gives its position while it stands out. */
export function useArrival(options: {
  place: Place | null;
  thread: ShownThread;
  items: readonly Item[];
  toItem(index: number): void;
}): number | null {
  const { place, thread, items, toItem } = options;
  const { page, loadAround } = thread;
  const [flashed, setFlashed] = useFlash();
  /** The place around which the replies were asked for: once, it may be hidden. */
  const asked = useRef<Place | null>(null);
  useLayoutEffect(() => {
    if (!place?.thread || !page) return;
    const { position, thread: wanted } = place;
    const index = items.findIndex((item) => item.type === "message" && item.position === position);
    if (index >= 0) {
      arrived(place);
      setFlashed(position);
      toItem(index);
    } else if (asked.current !== place) {
      asked.current = place;
      loadAround(wanted.number);
    }
  }, [place, page, items, loadAround, toItem, setFlashed]);
  return flashed;
}
