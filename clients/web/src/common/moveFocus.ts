import type { KeyboardEvent } from "react";

/** Lets Up, Down, Home and End move the focus between what matches inside the element that listens. */
export function moveFocus(event: KeyboardEvent<HTMLElement>, selector: string): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const next = nextIndex(event.key, at, all.length);
  if (at < 0 || next === null) return;
  event.preventDefault();
  all[next]?.focus();
}

/** Where a key leads in a row of so many; null where it leads nowhere. Pure. */
export function nextIndex(key: string, at: number, count: number): number | null {
  switch (key) {
    case "ArrowUp":
      return at > 0 ? at - 1 : null;
    case "ArrowDown":
      return at < count - 1 ? at + 1 : null;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}
