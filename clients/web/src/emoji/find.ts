/** Finding emoji by their names. Pure. */

import { folded } from "../room/completion.ts";

/** The least that is written before something is found: `:p` and `:D` mean themselves. */
const LEAST = 2;

/** An emoji that was found. */
export interface FoundEmoji {
  readonly emoji: string;
  readonly name: string;
  /** The other name by which it was found; empty when it was its own. */
  readonly also: string;
}

/** How well a name fits: whole, from its beginning, from a word of it. */
const RANKS = [
  (name: string, query: string) => joined(name) === query,
  (name: string, query: string) => joined(name).startsWith(query),
  (name: string, query: string) => name.split(BETWEEN).some((word) => word.startsWith(query)),
] as const;

const BETWEEN = /[\s'’-]+/u;

/** The emoji with a name in which a word begins so, those that fit best first; their own name before others. */
export function emojiNamed(
  query: string,
  names: Readonly<Record<string, string>>,
  most: number,
): readonly FoundEmoji[] {
  if (!/^\p{L}[\p{L}\p{M}\p{N}_-]*$/u.test(query)) return [];
  const wanted = folded(query).replace(/[_-]/gu, "");
  if ([...wanted].length < LEAST) return [];
  const found: [number, FoundEmoji][] = [];
  for (const [emoji, all] of Object.entries(names)) {
    const [name = "", ...others] = all.split(", ");
    const ranked = [name, ...others].map((each) => [rankOf(each, wanted), each] as const);
    const [rank, by] = ranked.reduce((best, next) => (next[0] < best[0] ? next : best));
    if (rank < RANKS.length) {
      // Of those that fit as well, the one whose own name does comes first.
      found.push([by === name ? rank : rank + 0.5, { emoji, name, also: by === name ? "" : by }]);
    }
  }
  return found
    .sort(([one], [other]) => one - other)
    .slice(0, most)
    .map(([, each]) => each);
}

/** Which of the ranks a name has; as many as there are for none. */
function rankOf(name: string, query: string): number {
  const rank = RANKS.findIndex((fits) => fits(folded(name), query));
  return rank < 0 ? RANKS.length : rank;
}

function joined(name: string): string {
  return name.split(BETWEEN).join("");
}
