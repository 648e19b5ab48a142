/** The words of a message that a search has found, and where a text has them. Pure. */

import type { Hit } from "@caffis/chat";
import { DENSE } from "./query.ts";

/** A part of a text. */
export interface FoundPart {
  readonly text: string;
  readonly found: boolean;
}

/** What cannot be next to a word that stands by itself. */
const OF_A_WORD = "[\\p{L}\\p{M}\\p{N}]";

/** What matched in a message, as it is written there: the server knows which forms of a word count. */
export function wordsFound({ excerpt }: Pick<Hit, "excerpt">): readonly string[] {
  return [...new Set(excerpt.filter(({ matched }) => matched).map(({ text }) => text))];
}

/** A text cut at these words, each at its longest, whatever their case. They stand by themselves where words do. */
export function splitFound(text: string, words: readonly string[]): readonly FoundPart[] {
  const longest = [...words].filter(Boolean).sort((one, other) => other.length - one.length);
  if (longest.length === 0) return [{ text, found: false }];
  const parts: FoundPart[] = [];
  let from = 0;
  for (const { 0: word, index } of text.matchAll(
    new RegExp(longest.map(asPattern).join("|"), "giu"),
  )) {
    if (index > from) parts.push({ text: text.slice(from, index), found: false });
    parts.push({ text: word, found: true });
    from = index + word.length;
  }
  if (from < text.length || parts.length === 0) {
    parts.push({ text: text.slice(from), found: false });
  }
  return parts;
}

/** Without spaces between words, a word may stand anywhere. */
function asPattern(word: string): string {
  const characters = [...word];
  const before = DENSE.test(characters[0] ?? "") ? "" : `(?<!${OF_A_WORD})`;
  const after = DENSE.test(characters.at(-1) ?? "") ? "" : `(?!${OF_A_WORD})`;
  return before + word.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&") + after;
}
