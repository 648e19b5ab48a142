/** F6 and Shift+F6 go from region to region: the list, the messages, the composer, the details. */

import { useEffect } from "react";

/** Marks an element as a region of the page. */
export const REGION = { "data-region": "" } as const;

/** Listens for F6 as long as the page is shown. */
export function useRegions(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "F6" || event.ctrlKey || event.altKey || event.metaKey) return;
      // A modal window keeps the focus.
      if (document.querySelector("dialog[open]")) return;
      const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(isShown);
      const at = regions.findIndex((region) => region.contains(document.activeElement));
      const next = regionAfter(at, regions.length, event.shiftKey);
      const region = next === null ? undefined : regions[next];
      if (!region) return;
      event.preventDefault();
      enter(region);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** The region after or before one, round and round; from outside the first or the last. Pure. */
export function regionAfter(at: number, count: number, back: boolean): number | null {
  if (count === 0) return null;
  if (at < 0) return back ? count - 1 : 0;
  return (at + (back ? count - 1 : 1)) % count;
}

/** Focuses the first element that Tab would reach outside the region's header. */
function enter(region: HTMLElement): void {
  const wanted = ['[tabindex="0"]', "textarea", "button:not(:disabled)", "a[href]"];
  for (const selector of wanted) {
    const found = [...region.querySelectorAll<HTMLElement>(selector)].find(isShown);
    if (!found) continue;
    found.focus();
    return;
  }
}

function isShown(element: HTMLElement): boolean {
  return element.getClientRects().length > 0;
}
