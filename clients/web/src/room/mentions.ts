/** Mentions in a text: what is completed while it is written, whom it mentions, and where it does. Pure. */

import { type Mentions, NOBODY, type UserId } from "@caffis/chat";
import { begins, folded, OFFERED } from "./completion.ts";

/** What mentions everybody, in every language. */
export const EVERYBODY = "room";

/** Somebody who can be mentioned. */
export interface Mentionable {
  readonly user: UserId;
  readonly name: string;
}

/** What can be completed: a person, or everybody. */
export type Completion = Mentionable | typeof EVERYBODY;

/** What a word can be completed to: names in which a word begins so, and ids. */
export function completions(
  query: string,
  people: readonly Mentionable[],
  everybody: boolean,
): readonly Completion[] {
  const wanted = folded(query);
  const fits = ({ user, name }: Mentionable) =>
    user.startsWith(query) ||
    folded(name)
      .split(/\s+/u)
      .some((word) => word.startsWith(wanted));
  const found: Completion[] = people.filter(fits).slice(0, OFFERED);
  if (everybody && EVERYBODY.startsWith(wanted)) found.push(EVERYBODY);
  return found;
}

/** A part of a text. */
export interface Part {
  readonly text: string;
  /** The index of the name that it mentions; null for other words. */
  readonly name: number | null;
}

/** A text cut at the names that it mentions, each at its longest. */
export function splitMentions(text: string, names: readonly string[]): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (at < from || !begins(text, at)) continue;
    let best: number | null = null;
    names.forEach((name, index) => {
      const longer = best === null || name.length > (names[best]?.length ?? 0);
      if (name && longer && text.startsWith(name, at + 1) && ends(text, at + 1 + name.length)) {
        best = index;
      }
    });
    if (best === null) continue;
    const end = at + 1 + (names[best]?.length ?? 0);
    if (at > from) parts.push({ text: text.slice(from, at), name: null });
    parts.push({ text: text.slice(at, end), name: best });
    from = end;
  }
  if (from < text.length || parts.length === 0) parts.push({ text: text.slice(from), name: null });
  return parts;
}

/** Whom a text mentions. Of people with the same name the first one counts. */
export function mentionsIn(
  text: string,
  people: readonly Mentionable[],
  everybody: boolean,
): Mentions {
  if (!text.includes("@")) return NOBODY;
  const names = people.map(({ name }) => name);
  if (everybody) names.push(EVERYBODY);
  const users: UserId[] = [];
  let room = false;
  for (const { name } of splitMentions(text, names)) {
    const person = name === null ? undefined : people[name];
    if (person && !users.includes(person.user)) users.push(person.user);
    if (name !== null && !person) room = true;
  }
  return { users, room };
}

function ends(text: string, at: number): boolean {
  return !/[\p{L}\p{N}_]/u.test(text[at] ?? " ");
}
