/** What can be done with several messages at once, by the rules for each of them. Pure. */

import { type ActionGround, actionsFor } from "./actions.ts";
import type { Bubble, Item } from "./timeline.ts";

/** Messages that are selected at most. */
export const MOST_SELECTED = 100;

/** Messages that are forwarded at most at once. */
export const MOST_FORWARDED = 20;

/** Something that can be done with all messages that are selected. */
export interface SelectionActions {
  readonly forward: boolean;
  /** Whether they are starred, or no longer if all of them are. */
  readonly star: "star" | "unstar" | null;
  /** Whether they may be deleted for everyone. */
  readonly deleteForEveryone: boolean;
}

/** The messages that are selected, in the order in which they were written; some may be gone meanwhile. */
export function selectedBubbles(
  items: readonly Item[],
  selected: ReadonlySet<number>,
): readonly Bubble[] {
  return items.filter(
    (item): item is Bubble =>
      item.type === "message" && item.position !== null && selected.has(item.position),
  );
}

/** What can be done with messages at once. */
export function selectionActions(
  bubbles: readonly Bubble[],
  ground: ActionGround,
): SelectionActions {
  const actions = bubbles.map((bubble) => actionsFor(bubble, ground));
  const all = (action: "forward" | "unstar" | "delete") =>
    actions.length > 0 && actions.every((each) => each.includes(action));
  const stars = actions.some((each) => each.includes("star"));
  return {
    forward: all("forward") && bubbles.length <= MOST_FORWARDED,
    star: stars ? "star" : all("unstar") ? "unstar" : null,
    deleteForEveryone: all("delete"),
  };
}
