/** Completing the word that is being written: a sign, and the beginning of a name. Pure. */

import type { ReactNode } from "react";

/** The most that is offered at once. */
export const OFFERED = 6;

/** A word with a sign that is being written. */
export interface SignedWord {
  /** Where its sign is. */
  readonly start: number;
  readonly query: string;
}

/** What a word can be completed to. */
export interface Offer {
  /** What tells it from the others. */
  readonly id: string;
  readonly picture: ReactNode;
  readonly name: string;
  /** What is said beside the name. */
  readonly hint: string;
  /** What is written in place of the word. */
  readonly written: string;
  /** Somebody has chosen it. */
  onChosen?(): void;
}

/** A kind of words that are completed. */
export interface Completed {
  readonly kind: "mention" | "emoji";
  readonly sign: "@" | ":";
  /** What is offered, in words. */
  readonly label: string;
  /** What a word can be completed to; empty for nothing. */
  offersFor(query: string): readonly Offer[];
}

/** What is offered for the word that is being written. */
export interface Offered {
  readonly completed: Completed;
  readonly word: SignedWord;
  readonly offers: readonly Offer[];
}

/** The word with a sign that is being written before the caret; null for none. */
export function wordAt(text: string, caret: number, sign: string): SignedWord | null {
  const before = text.slice(0, caret);
  const start = before.lastIndexOf(sign);
  if (start < 0 || !begins(text, start)) return null;
  const query = before.slice(start + 1);
  return /\s/u.test(query) ? null : { start, query };
}

/** What is offered at the caret, of the first kind that has something to offer; null for nothing. */
export function offeredAt(
  text: string,
  caret: number,
  kinds: readonly Completed[],
): Offered | null {
  for (const completed of kinds) {
    const word = wordAt(text, caret, completed.sign);
    const offers = word ? completed.offersFor(word.query) : [];
    if (word && offers.length > 0) return { completed, word, offers };
  }
  return null;
}

/** A text with a completed word and a space after it, and where the caret is then. */
export function complete(
  text: string,
  caret: number,
  { start }: SignedWord,
  written: string,
): { text: string; caret: number } {
  const word = `${written} `;
  const after = text.slice(caret).replace(/^ /u, "");
  return { text: text.slice(0, start) + word + after, caret: start + word.length };
}

/** Whether a word with the sign there may begin: not within a word, as in an address or a time. */
export function begins(text: string, at: number): boolean {
  const before = text[at - 1] ?? "";
  return at === 0 || !(before === text[at] || /[\p{L}\p{N}_.]/u.test(before));
}

/** A text without regard to case and accents. */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
