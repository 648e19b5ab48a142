/** Links in a text. Pure. */

import { webLink } from "../cards/places.ts";

/** A part of a text. */
export interface LinkPart {
  readonly text: string;
  /** Where it leads; null for other words. */
  readonly href: string | null;
}

const CANDIDATE = /(?<![\p{L}\p{N}@/.])(?:https?:\/\/|www\.)[^\s<>"“”«»\u2066-\u2069]+/giu;

/** What ends a sentence rather than an address. */
const ENDING = /[.,;:!?…'’*_~`]$/u;

const BRACKETS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** A text cut at the addresses of the web in it. */
export function splitLinks(text: string): readonly LinkPart[] {
  const parts: LinkPart[] = [];
  let from = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    const address = withoutEnding(candidate);
    const href = webLink(/^https?:/i.test(address) ? address : `https://${address}`);
    if (href === null || !URL.canParse(href)) continue;
    if (index > from) parts.push({ text: text.slice(from, index), href: null });
    parts.push({ text: address, href });
    from = index + address.length;
  }
  if (from < text.length || parts.length === 0) parts.push({ text: text.slice(from), href: null });
  return parts;
}

/** An address without the punctuation after it, and without a bracket that was opened before it. */
function withoutEnding(candidate: string): string {
  let address = candidate;
  for (;;) {
    const last = address.at(-1) ?? "";
    const opening = BRACKETS[last];
    const unopened = opening !== undefined && count(address, opening) < count(address, last);
    if (!unopened && !ENDING.test(address)) return address;
    address = address.slice(0, -1);
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
