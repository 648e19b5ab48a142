import { type Entry, repliesOf } from "@caffis/chat";

/** How many replies a root says that its thread has. Pure. */
export function countOf({ kind }: Entry): number {
  return kind.type === "message" ? (repliesOf(kind.value.extras)?.count ?? 0) : 0;
}
