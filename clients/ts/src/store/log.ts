/** A client's copy of a stretch of a room's log: positions without a gap. Plain values, pure steps. */

import type { Entry, EntryPage } from "../generated/protocol.ts";

/** The most entries kept of one room: the newest ones. */
export const HELD_ENTRIES = 20_000;
/** What is kept of a room that nobody looks at; older ones are loaded again when somebody scrolls up. */
export const CLOSED_ENTRIES = 500;

/** A stretch of a log that reaches to `last`. */
export interface Log {
  /** In order of position, each one more than the one before. */
  readonly entries: readonly Entry[];
  /** The position up to which the copy is whole. */
  readonly last: number;
  /** Whether there is something before the first entry that this person may see. */
  readonly moreBefore: boolean;
}

/** What became of entries that were appended. */
export interface Appending {
  readonly log: Log;
  /** The entries that were new. */
  readonly added: readonly Entry[];
  /** Whether something is missing before the first that did not fit: resume from `log.last`. */
  readonly gap: boolean;
}

/** A copy that begins with a page that reaches the end. */
export function logOfPage(page: EntryPage): Log {
  const last = page.entries.at(-1)?.position ?? page.head;
  return { entries: page.entries, last, moreBefore: page.moreBefore };
}

/** Appends entries: what is there already is passed over, a gap stops everything after it. */
export function append(log: Log, entries: readonly Entry[]): Appending {
  const added: Entry[] = [];
  let last = log.last;
  let gap = false;
  for (const entry of entries) {
    if (entry.position <= last) continue;
    if (entry.position > last + 1) {
      gap = true;
      break;
    }
    added.push(entry);
    last = entry.position;
  }
  if (added.length === 0) return { log, added, gap };
  return { log: cut({ ...log, entries: [...log.entries, ...added], last }), added, gap };
}

/** The newest entries of a copy. */
export function cut(log: Log, most: number = HELD_ENTRIES): Log {
  if (log.entries.length <= most) return log;
  return { ...log, entries: log.entries.slice(-most), moreBefore: true };
}

/** Puts an older page before a copy; a page that does not touch it changes nothing. */
export function prepend(log: Log, page: EntryPage): Log {
  const first = log.entries[0]?.position ?? log.last + 1;
  const older = page.entries.filter((entry) => entry.position < first);
  const end = older.at(-1)?.position;
  if (end === undefined) return { ...log, moreBefore: log.moreBefore && page.moreBefore };
  if (end !== first - 1) return log;
  const { last } = log;
  return cut({ entries: [...older, ...log.entries], last, moreBefore: page.moreBefore });
}

/** The copy with the last page of a room joined to it, or that page alone where they do not touch. */
export function joinLatest(log: Log | null, page: EntryPage): Appending {
  const first = page.entries[0]?.position;
  if (log === null || (first !== undefined && first > log.last + 1)) {
    return { log: logOfPage(page), added: page.entries, gap: false };
  }
  return append(log, page.entries);
}
