/** The filters of a query: which it has, and what is wrong with them. */

/** What messages can have. */
export const KINDS = ["link", "poll", "location", "place", "mention", "reply", "thread"] as const;

/** Something that messages can have. */
export type Kind = (typeof KINDS)[number];

/** A filter that can be switched on and off, as it is typed. */
export type Toggle = `has:${Kind}` | "from:me";

/** The filters that can be switched on and off. */
export const TOGGLES: readonly Toggle[] = [
  "from:me",
  ...KINDS.map((kind): Toggle => `has:${kind}`),
];

/** What is wrong with a query, and the word that is. */
export type Trouble = readonly ["kind" | "date" | "day" | "value" | "inRoom", string];

/** A filter outside quotes: its name, and its value, which may be in quotes. */
const FILTER = /(?<![^\s"“”„«»])(from|in|has|before|after):(["“”„«»][^"“”„«»]*["“”„«»]?|\S*)/giu;

/** A date as it is typed. */
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/u;

interface Filter {
  readonly whole: string;
  readonly name: string;
  readonly value: string;
  /** Where it begins. */
  readonly at: number;
}

/** What is wrong with the filters of a query, if something is. Pure. */
export function troubleOf(query: string, inRoom: boolean): Trouble | null {
  for (const { whole, name, value } of filtersOf(query)) {
    if (value === "") return ["value", `${name}:`];
    if (name === "in" && inRoom) return ["inRoom", whole];
    if (name === "has" && kindOf(value) === null) return ["kind", value];
    if (name !== "before" && name !== "after") continue;
    const [, year, month, day] = value.match(DATE) ?? [];
    if (year === undefined) return ["date", value];
    if (!exists(Number(year), Number(month), Number(day))) return ["day", value];
  }
  return null;
}

/** Whether a query has a filter. Pure. */
export function isOn(query: string, toggle: Toggle): boolean {
  return filtersOf(query).some((filter) => isSame(filter, toggle));
}

/**
 * A query with a filter, or without it if it has it. It comes first, so that the last word is still the one that the person
 * may be typing. Pure.
 */
export function toggled(query: string, toggle: Toggle): string {
  const found = filtersOf(query).filter((filter) => isSame(filter, toggle));
  if (found.length === 0) return `${toggle} ${query.trimStart()}`;
  let [rest, from] = ["", 0];
  for (const { whole, at } of found) {
    rest += query.slice(from, at);
    from = at + whole.length;
  }
  return (rest + query.slice(from)).replace(/\s+/gu, " ").trimStart();
}

function filtersOf(query: string): Filter[] {
  return [...query.matchAll(FILTER)]
    .filter((match) => !isQuoted(query, match.index))
    .map((match) => {
      const [whole, name = "", value = ""] = match;
      const bare = value.replace(/["“”„«»]/gu, "");
      return { whole, name: name.toLowerCase(), value: bare, at: match.index };
    });
}

/** Whether a place in a query is within a phrase. */
function isQuoted(query: string, at: number): boolean {
  const quotes = query.slice(0, at).match(/["“”„«»]/gu)?.length ?? 0;
  return quotes % 2 === 1;
}

function isSame({ name, value }: Filter, toggle: Toggle): boolean {
  if (toggle === "from:me") return name === "from" && value === "me";
  return name === "has" && `has:${kindOf(value)}` === toggle;
}

/** The kind of a name, in the singular or the plural. */
function kindOf(value: string): Kind | null {
  const name = value.toLowerCase();
  return (
    KINDS.find((kind) => {
      const several = kind === "reply" ? "replies" : `${kind}s`;
      return name === kind || name === several;
    }) ?? null
  );
}

function exists(year: number, month: number, day: number): boolean {
  // Years below 100 would be taken as of the last century.
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
