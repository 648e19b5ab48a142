/** The light markup of a text: `*bold*`, `_italic_`, `~struck~` and `code`, and the links in it. Pure. */

import { splitLinks } from "./links.ts";

/** A part of a text. */
export type Part =
  | { readonly kind: "words" | "code"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  | { readonly kind: "bold" | "italic" | "struck"; readonly parts: readonly Part[] };

/** A link or code, within which no mark counts. */
interface Atom {
  readonly from: number;
  readonly to: number;
  readonly part: Part;
}

const KINDS = {
  "*": "bold",
  "**": "bold",
  _: "italic",
  __: "bold",
  "~": "struck",
  "~~": "struck",
} as const;

const RUN = /([*_~])\1*/y;
const CODE = /`([^`\n]+)`/g;
const WORD = /[\p{L}\p{N}]/u;
const EMOJI = /^(?:\p{Regional_Indicator}|(?![\d#*©®™])\p{Extended_Pictographic})/u;

/** Emoji that are shown large when a text has nothing else. */
const LARGE = 3;

/**
 * The parts of a text. Marks stand around words of one line: after the first and before the second there is no space,
 * and outside of them no letter. What has no such pair is shown as it was typed.
 */
export function markup(text: string): readonly Part[] {
  const atoms = atomsOf(text);
  // Within atoms there are letters instead, so that a mark beside one counts.
  let masked = "";
  for (const { from, to } of atoms) {
    masked += text.slice(masked.length, from) + "x".repeat(to - from);
  }
  masked += text.slice(masked.length);
  /** Up to where it is known that a mark has no second one. */
  const alone = new Map<string, number>();

  const plain = (from: number, to: number): Part[] => {
    const parts: Part[] = [];
    let at = from;
    const words = (end: number) => {
      if (end > at) parts.push({ kind: "words", text: text.slice(at, end) });
    };
    for (const atom of atoms) {
      if (atom.from < from || atom.to > to) continue;
      words(atom.from);
      parts.push(atom.part);
      at = atom.to;
    }
    words(to);
    return parts;
  };

  const second = (mark: string, from: number, to: number): number => {
    if (from < (alone.get(mark) ?? 0)) return -1;
    const line = masked.indexOf("\n", from);
    const end = line < 0 ? to : Math.min(line, to);
    for (let at = masked.indexOf(mark, from); at >= 0; ) {
      const after = runAt(masked, at).length + at;
      if (after > end) break;
      const fits = after - at === mark.length && at > from && !/\s/.test(masked[at - 1] ?? " ");
      if (fits && !WORD.test(masked[after] ?? " ")) return at;
      at = masked.indexOf(mark, after);
    }
    alone.set(mark, end);
    return -1;
  };

  const parse = (from: number, to: number): Part[] => {
    const parts: Part[] = [];
    let shown = from;
    for (let at = from; at < to; ) {
      const mark = runAt(masked, at);
      const begin = at + mark.length;
      at = Math.max(begin, at + 1);
      if (!(mark in KINDS) || WORD.test(masked[begin - mark.length - 1] ?? " ")) continue;
      if (begin >= to || /\s/.test(masked[begin] ?? " ")) continue;
      const end = second(mark, begin, to);
      if (end < 0) continue;
      parts.push(...plain(shown, begin - mark.length));
      parts.push({ kind: KINDS[mark as keyof typeof KINDS], parts: parse(begin, end) });
      shown = end + mark.length;
      at = shown;
    }
    parts.push(...plain(shown, to));
    return parts;
  };
  return parse(0, text.length);
}

/** Whether a text is a few emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  const bare = text.replace(/\s/g, "");
  if (bare === "" || bare.length > LARGE * 16) return false;
  const graphemes = [...new Intl.Segmenter().segment(bare)];
  return graphemes.length <= LARGE && graphemes.every(({ segment }) => EMOJI.test(segment));
}

/** The mark at a place, as often as it stands there; empty where there is none. */
function runAt(text: string, at: number): string {
  RUN.lastIndex = at;
  return RUN.exec(text)?.[0] ?? "";
}

/** The links and the code in a text, in order. */
function atomsOf(text: string): readonly Atom[] {
  const atoms: Atom[] = [];
  let from = 0;
  for (const { text: part, href } of splitLinks(text)) {
    const to = from + part.length;
    if (href !== null) {
      atoms.push({ from, to, part: { kind: "link", text: part, href } });
    } else {
      for (const { 0: whole, 1: code = "", index } of part.matchAll(CODE)) {
        const begin = from + index;
        atoms.push({ from: begin, to: begin + whole.length, part: { kind: "code", text: code } });
      }
    }
    from = to;
  }
  return atoms;
}
