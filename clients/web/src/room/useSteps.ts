import { useLayoutEffect, useReducer, useRef } from "react";
import type { Item } from "./timeline.ts";

/** The keys of the first and the last message that were shown. */
interface Ends {
  readonly first: string | undefined;
  readonly last: string | undefined;
}

/**
 * The items to show next: all of them, unless there are new ones at both ends. Then the last ones wait
 * for the next step, because the list assumes that all new items are at one end. Pure.
 */
export function nextStep(items: readonly Item[], { first, last }: Ends): readonly Item[] {
  const isMessage = (item: Item) => item.type === "message";
  if (first === undefined || items.find(isMessage)?.key === first) return items;
  const at = items.findLastIndex((item) => item.key === last);
  const begins = items.findIndex((item) => item.key === first);
  return begins < 0 || at < 0 || items.findLastIndex(isMessage) === at
    ? items
    : items.slice(0, at + 1);
}

/** Shows new items at both ends in two steps, so that what is in view stays where it is. */
export function useSteps(items: readonly Item[]): readonly Item[] {
  const ends = useRef<Ends>({ first: undefined, last: undefined });
  const [, again] = useReducer((steps: number) => steps + 1, 0);
  const shown = nextStep(items, ends.current);
  useLayoutEffect(() => {
    const messages = shown.filter((item) => item.type === "message");
    ends.current = { first: messages[0]?.key, last: messages.at(-1)?.key };
    if (shown !== items) again();
  }, [items, shown]);
  return shown;
}
