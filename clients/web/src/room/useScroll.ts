import type { RoomView } from "@caffis/chat";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useChat } from "../app/chat.tsx";
import type { Item } from "./timeline.ts";

/** This close to the end counts as being there, in pixels. */
const NEAR_END = 48;
/** This close to the top older messages are loaded, in pixels. */
const NEAR_TOP = 400;

/** How a timeline scrolls. */
export interface Scroll {
  readonly ref: RefObject<HTMLElement | null>;
  readonly atEnd: boolean;
  /** Messages of others that came below what is in view. */
  readonly missed: number;
  onScroll(): void;
  toEnd(): void;
}

/** Opens at the first unread message, stays where one reads, follows only at the end. */
export function useScroll(options: {
  room: RoomView;
  items: readonly Item[];
  onEnd(atEnd: boolean): void;
}): Scroll {
  const { room, items, onEnd } = options;
  const { client } = useChat();
  const ref = useRef<HTMLElement>(null);
  const following = useRef(true);
  const before = useRef<{
    first?: string | undefined;
    last?: string | undefined;
    height: number;
    count: number;
  }>({ height: 0, count: 0 });
  const [atEnd, setAtEnd] = useState(true);
  const [missed, setMissed] = useState(0);

  const measure = useCallback(() => {
    const log = ref.current;
    if (!log) return;
    const end = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    following.current = end;
    setAtEnd(end);
    if (end) setMissed(0);
    onEnd(end);
  }, [onEnd]);

  const loadOlder = useCallback(() => {
    const log = ref.current;
    if (log && log.scrollTop < NEAR_TOP) {
      client.loadOlder(room.id).catch(() => {
        // The next scroll asks again.
      });
    }
  }, [client, room.id]);

  const { moreBefore, loadingBefore } = room;
  useLayoutEffect(() => {
    const log = ref.current;
    if (!log) return;
    const messages = items.filter((item) => item.type === "message");
    const first = messages[0]?.key;
    const last = messages.at(-1);
    const was = before.current;
    if (was.count === 0 && messages.length > 0) {
      const divider = log.querySelector<HTMLElement>("[data-testid=divider]");
      if (divider) log.scrollTop = divider.offsetTop - log.clientHeight / 4;
      else log.scrollTop = log.scrollHeight;
    } else if (first !== was.first && last?.key === was.last) {
      // Older messages came above: what is in view stays where it is.
      log.scrollTop += log.scrollHeight - was.height;
    } else if (following.current || (last?.pending && last.key !== was.last)) {
      log.scrollTop = log.scrollHeight;
    } else if (last?.key !== was.last) {
      const from = messages.findIndex((item) => item.key === was.last) + 1;
      const fresh = messages.slice(from).filter((item) => !item.own).length;
      setMissed((count) => count + fresh);
    }
    before.current = { first, last: last?.key, height: log.scrollHeight, count: messages.length };
    measure();
  }, [items, measure]);

  // A page that does not fill the window cannot be scrolled: it loads the next by itself.
  useEffect(() => {
    if (moreBefore && !loadingBefore) loadOlder();
  }, [moreBefore, loadingBefore, loadOlder]);

  useEffect(() => {
    const log = ref.current;
    if (!log) return;
    // The keyboard of a phone or a taller composer takes room away: the end stays in view.
    const observer = new ResizeObserver(() => {
      if (following.current) log.scrollTop = log.scrollHeight;
    });
    observer.observe(log);
    return () => observer.disconnect();
  }, []);

  const toEnd = useCallback(() => {
    const log = ref.current;
    if (log) log.scrollTop = log.scrollHeight;
  }, []);

  const onScroll = useCallback(() => {
    measure();
    loadOlder();
  }, [measure, loadOlder]);

  return { ref, atEnd, missed, onScroll, toEnd };
}
