import { type KeyboardEvent, type RefObject, useCallback, useMemo, useRef, useState } from "react";
import type { VirtualizerHandle } from "virtua";
import { type Item, messageAfterKey } from "./timeline.ts";

/** How many frames to wait for a message to be drawn before it is focused. */
const FRAMES = 30;

/** Which message has the keyboard focus. */
export interface Roving {
  /** The index of the message that Tab leads to; -1 while there is none. */
  readonly active: number;
  onKeyDown(event: KeyboardEvent): void;
  /** Something in an item received the focus. */
  onFocus(event: { target: EventTarget }): void;
}

/** Lets the arrow keys, Home and End go from message to message, drawn or not. */
export function useRoving(options: {
  items: readonly Item[];
  list: RefObject<VirtualizerHandle | null>;
  log: RefObject<HTMLElement | null>;
}): Roving {
  const { items, list, log } = options;
  /** Null for the last message, whichever that is. */
  const [key, setKey] = useState<string | null>(null);
  const waiting = useRef(0);
  const active = useMemo(() => {
    const chosen = key === null ? -1 : items.findLastIndex((item) => item.key === key);
    return chosen >= 0 ? chosen : items.findLastIndex((item) => item.type === "message");
  }, [items, key]);

  /** A distant item is not in the page yet, and stays hidden until it was measured. */
  const focusSoon = useCallback(
    (index: number, frames: number) => {
      cancelAnimationFrame(waiting.current);
      const row = log.current?.querySelector<HTMLElement>(`li[data-index="${index}"]`);
      row?.focus({ preventScroll: true });
      if (row && document.activeElement === row) return;
      if (frames > 0) waiting.current = requestAnimationFrame(() => focusSoon(index, frames - 1));
    },
    [log],
  );

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const next = messageAfterKey(items, active, event.key);
    const item = next === null ? undefined : items[next];
    if (next === null || item === undefined) return;
    event.preventDefault();
    setKey(next === items.length - 1 ? null : item.key);
    list.current?.scrollToIndex(next, { align: "nearest" });
    focusSoon(next, FRAMES);
  };

  const onFocus = ({ target }: { target: EventTarget }) => {
    const row = target instanceof Element ? target.closest<HTMLElement>("li[data-index]") : null;
    const item = row ? items[Number(row.dataset.index)] : undefined;
    if (item?.type === "message") setKey(item === items.at(-1) ? null : item.key);
  };

  return { active, onKeyDown, onFocus };
}
