import {
  type MouseEvent,
  type PointerEvent,
  type RefObject,
  useCallback,
  useEffect,
  useRef,
  useState,
} from "react";
import type { MenuPlace } from "../common/Menu.tsx";
import type { Bubble, Item } from "./timeline.ts";

/** How long a finger rests on a message until its menu opens. */
const LONG_PRESS_MS = 450;

/** How far a finger may move meanwhile, in pixels. */
const STEADY = 10;

/** A menu that is open. */
export interface OpenMenu {
  readonly bubble: Bubble;
  readonly place: MenuPlace;
}

/** Opens the menu of a message: by a right click, the menu key, Enter, a long press, or its button. */
export function useMessageMenu(options: {
  items: readonly Item[];
  log: RefObject<HTMLElement | null>;
  has(bubble: Bubble): boolean;
}) {
  const { items, log, has } = options;
  const [open, setOpen] = useState<OpenMenu | null>(null);
  const press = useRef<{ timer: number; x: number; y: number } | null>(null);

  const rowOf = useCallback((target: EventTarget | null) => {
    return target instanceof Element ? target.closest<HTMLElement>("li[data-index]") : null;
  }, []);
  const bubbleOf = (row: HTMLElement | null): Bubble | null => {
    const item = row ? items[Number(row.dataset.index)] : undefined;
    return item?.type === "message" && has(item) ? item : null;
  };
  const openAt = (row: HTMLElement | null, place: MenuPlace | null): boolean => {
    const bubble = bubbleOf(row);
    if (!row || !bubble) return false;
    const box = (row.querySelector("[data-bubble]") ?? row).getBoundingClientRect();
    setOpen({ bubble, place: place ?? { x: box.left + 12, y: Math.min(box.bottom, innerHeight) } });
    return true;
  };
  const release = useCallback(() => {
    if (press.current) clearTimeout(press.current.timer);
    press.current = null;
  }, []);
  useEffect(() => release, [release]);

  return {
    open,
    /** Opens the menu of a message below a button. */
    openBelow(button: HTMLElement) {
      const box = button.getBoundingClientRect();
      openAt(rowOf(button), { x: box.left, y: box.bottom + 4 });
    },
    /** Opens the menu of the message that has the focus; false if it has none. */
    openFocused(): boolean {
      const row = document.activeElement;
      return row instanceof HTMLElement && row.matches("li[data-index]") && openAt(row, null);
    },
    close() {
      const { bubble } = open ?? {};
      setOpen(null);
      const at = items.findIndex((item) => item.key === bubble?.key);
      const row = log.current?.querySelector<HTMLElement>(`li[data-index="${at}"]`);
      row?.focus({ preventScroll: true });
    },
    onContextMenu(event: MouseEvent) {
      // A selection has the browser's own menu.
      if (getSelection()?.isCollapsed === false && event.button === 2) return;
      // So has a link, except under a finger, which opens the menu by a long press.
      const onLink = event.target instanceof Element && event.target.closest("a") !== null;
      if (onLink && !matchMedia("(pointer: coarse)").matches) return;
      release();
      // The menu key has no place of its own.
      const byKey = event.clientX === 0 && event.clientY === 0;
      const onRow = event.target instanceof HTMLElement && event.target.matches("li[data-index]");
      const place = byKey || onRow ? null : { x: event.clientX, y: event.clientY };
      if (openAt(rowOf(event.target), place)) event.preventDefault();
    },
    onPointerDown(event: PointerEvent) {
      release();
      if (event.pointerType !== "touch") return;
      const row = rowOf(event.target);
      const { clientX: x, clientY: y } = event;
      const timer = window.setTimeout(() => openAt(row, { x, y }), LONG_PRESS_MS);
      press.current = { timer, x, y };
    },
    onPointerMove(event: PointerEvent) {
      const { x, y } = press.current ?? { x: event.clientX, y: event.clientY };
      if (Math.hypot(event.clientX - x, event.clientY - y) > STEADY) release();
    },
    onPointerUp: release,
    onPointerCancel: release,
  };
}
