import type { RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { VirtualizerHandle } from "virtua";
import { keepPlace, placeIn } from "./places.ts";
import type { Bubble, Item } from "./timeline.ts";
import { useFollowing } from "./useFollowing.ts";

/** Within this distance of the top or bottom, more messages are loaded, in pixels. */
const NEAR_EDGE = 2_000;

/** How long the day of what is in view stays visible after scrolling. */
const STILL_MS = 1_000;

/** How a timeline scrolls. */
export interface Scroll {
  /** The virtual list, which knows where the items are. */
  readonly list: RefObject<VirtualizerHandle | null>;
  /** Whether items were added or removed at the top: what is in view stays where it is. */
  readonly shift: boolean;
  readonly atEnd: boolean;
  /** The item at the upper edge. */
  readonly top: number;
  /** Whether the person scrolls, or did a moment ago. */
  readonly moving: boolean;
  onScroll(): void;
  onScrollEnd(): void;
  /** The size of the window or of an item changed. */
  onResize(): void;
  toEnd(): void;
  /** Brings an item into the middle of the view. */
  toItem(index: number): void;
}

interface Known {
  readonly first: string | undefined;
  readonly last: string | undefined;
}

/**
 * Opens at the first unread message, or where the person was before; keeps the view in place, and follows only at the end.
 */
export function useScroll(options: {
  room: RoomView;
  items: readonly Item[];
  ref: RefObject<HTMLElement | null>;
  /** What is in view may have changed. */
  onMoved(): void;
}): Scroll {
  const { room, items, ref, onMoved } = options;
  const { moreBefore, moreAfter, loadingBefore, loadingAfter } = room;
  const client = useChat();
  const list = useRef<VirtualizerHandle>(null);
  const { following, atEnd, look } = useFollowing(ref, moreAfter);
  const before = useRef<Known>({ first: undefined, last: undefined });
  const [top, setTop] = useState(0);
  const [left] = useState(() => placeIn(client, room.id));
  const count = items.length;

  const toEnd = useCallback(() => {
    following.set(true);
    list.current?.scrollToIndex(count - 1, { align: "end" });
    // If the end is not loaded, the last page replaces what is shown.
    if (moreAfter) client.loadLatest(room.id).catch(ignore);
  }, [client, room.id, moreAfter, count, following]);

  const toItem = useCallback(
    (index: number) => {
      following.set(false);
      list.current?.scrollToIndex(index, { align: "center" });
    },
    [following],
  );

  const load = useCallback(() => {
    const log = ref.current;
    if (!log || log.clientHeight === 0) return;
    if (log.scrollTop < NEAR_EDGE) client.loadOlder(room.id).catch(ignore);
    const below = log.scrollHeight - log.scrollTop - log.clientHeight;
    if (below < NEAR_EDGE) client.loadNewer(room.id).catch(ignore);
  }, [client, room.id, ref]);

  const measure = useCallback(() => {
    look();
    onMoved();
    const { current } = list;
    const index = current?.findItemIndex(current.scrollOffset) ?? 0;
    setTop(index);
    const item = items[index];
    if (!current || !item || !following.known || before.current.last === undefined) return;
    const offset = current.scrollOffset - current.getItemOffset(index);
    keepPlace(client, room.id, following.on ? null : { key: item.key, offset });
  }, [onMoved, look, items, client, room.id, following]);

  const first = items.find(isMessage)?.key;
  const last = items.findLast(isMessage);
  const shift = before.current.first !== undefined && before.current.first !== first;

  useLayoutEffect(() => {
    const was = before.current;
    before.current = { first, last: last?.key };
    if (last === undefined || was.last === last.key) return;
    if (was.last === undefined) {
      const divider = items.findIndex((item) => item.type === "unread");
      const above = (ref.current?.clientHeight ?? 0) / 4;
      const place = left ? items.findIndex((item) => item.key === left.key) : -1;
      following.set(divider < 0 && place < 0);
      if (divider >= 0) list.current?.scrollToIndex(divider, { align: "start", offset: -above });
      else if (left && place >= 0) {
        list.current?.scrollToIndex(place, { align: "start", offset: left.offset });
      } else toEnd();
    } else if (following.on || last.pending) {
      toEnd();
    }
  }, [items, first, last, toEnd, ref, following, left]);

  // A page that does not fill the window cannot be scrolled: load the next one at once.
  useEffect(() => {
    const more = (moreBefore && !loadingBefore) || (moreAfter && !loadingAfter);
    if (more && following.known) load();
  }, [moreBefore, loadingBefore, moreAfter, loadingAfter, load, following]);

  const place = useCallback(() => {
    measure();
    load();
  }, [measure, load]);

  const { moving, onScrollEnd, move } = useMoving();
  const onScroll = useCallback(() => {
    place();
    move();
  }, [place, move]);

  const onResize = useCallback(() => {
    // The end stays in view when a message, the composer or the keyboard of a phone grows.
    if (following.on) toEnd();
    place();
  }, [place, toEnd, following]);

  return {
    ...{ list, shift, atEnd, top, moving },
    ...{ onScroll, onScrollEnd, onResize, toEnd, toItem },
  };
}

/** Whether somebody scrolls, or did a moment ago. */
function useMoving() {
  const [moving, setMoving] = useState(false);
  const still = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(still.current), []);
  const move = useCallback(() => {
    clearTimeout(still.current);
    setMoving(true);
  }, []);
  const onScrollEnd = useCallback(() => {
    clearTimeout(still.current);
    still.current = setTimeout(() => setMoving(false), STILL_MS);
  }, []);
  return { moving, move, onScrollEnd };
}

/** What could not be loaded is asked for again by the next scroll. */
function ignore(): void {}

function isMessage(item: Item): item is Bubble {
  return item.type === "message";
}
