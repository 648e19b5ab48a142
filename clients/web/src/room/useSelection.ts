import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useState } from "react";
import { MOST_SELECTED } from "./selection.ts";
import type { Bubble, Item } from "./timeline.ts";

/** Selecting messages: while it lasts, a click, Enter or Space selects a message, and Escape ends it. */
export function useSelection(items: readonly Item[]) {
  /** The positions of the messages that are selected; null while nothing is. */
  const [selected, setSelected] = useState<ReadonlySet<number> | null>(null);
  const end = useCallback(() => setSelected(null), []);
  const selecting = selected !== null;
  useEffect(() => {
    if (!selecting) return;
    // Before all others: Escape closes the details, too.
    const leave = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing) return;
      if (document.querySelector("dialog[open]")) return;
      event.stopPropagation();
      end();
    };
    addEventListener("keydown", leave, { capture: true });
    return () => removeEventListener("keydown", leave, { capture: true });
  }, [selecting, end]);

  const toggle = ({ position, deletedBy }: Bubble) => {
    if (position === null || deletedBy !== undefined) return;
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(position) && after.size < MOST_SELECTED) after.add(position);
      return after;
    });
  };
  const toggleRow = (target: EventTarget | null): boolean => {
    if (!selecting || !(target instanceof Element)) return false;
    const row = target.closest<HTMLElement>("li[data-index]");
    const item = row ? items[Number(row.dataset.index)] : undefined;
    if (item?.type !== "message") return false;
    toggle(item);
    return true;
  };
  return {
    selected,
    toggle,
    end,
    /** Takes every click on a message, also on what is within it. */
    onClickCapture(event: MouseEvent) {
      if (!toggleRow(event.target)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    /** Whether the key selected a message. */
    onKey(event: KeyboardEvent): boolean {
      if (event.key !== " " && event.key !== "Enter") return false;
      return toggleRow(event.target);
    },
  };
}
