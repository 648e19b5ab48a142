/** What a person types into the search field, as the server understands it. */

import type { UserId } from "@caffis/chat";

/** Somebody who may be named in a query. */
export interface Named {
  readonly user: UserId;
  readonly name: string;
}

/** The shortest last word that is completed while somebody types. */
const COMPLETED = 3;

/** The last letter of a longer word may be its ending: whoever has typed cappuccino wants cappuccini, too. */
const ENDING = /(?<=[\p{L}\p{M}]{4})[aeios]$/iu;

/**
 * A query with ids instead of names after `from:`, and with the last word taken as the beginning of one. Pure.
 */
export function asAsked(query: string, people: readonly Named[]): string {
  const named = query.replace(/(^|\s)from:(\S+)/giu, (whole, space: string, name: string) => {
    const user = userNamed(name, people);
    return user === null ? whole : `${space}from:${user}`;
  });
  // A word of letters that the person may still be typing; not within quotes, and not a filter.
  const quotes = named.match(/["“”„«»]/gu)?.length ?? 0;
  const last = named.match(/(?:^|\s)([\p{L}\p{M}\p{N}]+)$/u)?.[1];
  const completes = quotes % 2 === 0 && last !== undefined && [...last].length >= COMPLETED;
  return completes && !DENSE.test(last) ? `${named.replace(ENDING, "")}*` : named;
}

/** Scripts whose words are found by their characters, wherever these stand. */
export const DENSE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

function userNamed(name: string, people: readonly Named[]): UserId | null {
  const wanted = folded(name);
  if (people.some(({ user }) => user === name)) return null;
  const found = people.filter((each) => {
    const parts = folded(each.name).split(" ");
    return parts.includes(wanted) || parts.join("") === wanted;
  });
  return found.length === 1 ? (found[0]?.user ?? null) : null;
}

function folded(name: string): string {
  return name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
