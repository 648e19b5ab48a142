/** A client's copy of a stretch of a room's log: positions without a gap. Plain values, pure steps. */

import type { Entry, EntryPage } from "../generated/protocol.ts";

/** The most entries kept of one room; older ones are loaded again when somebody scrolls up to them. */
export const HELD_ENTRIES = 2_000;

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
  const all = [...log.entries, ...added];
  const cut = all.length > HELD_ENTRIES;
  const kept = cut ? all.slice(-HELD_ENTRIES) : all;
  return { log: { entries: kept, last, moreBefore: log.moreBefore || cut }, added, gap };
}

/** Puts an older page before a copy; a page that does not touch it changes nothing. */
export function prepend(log: Log, page: EntryPage): Log {
  const first = log.entries[0]?.position ?? log.last + 1;
  const older = page.entries.filter((entry) => entry.position < first);
  const end = older.at(-1)?.position;
  if (end === undefined) return { ...log, moreBefore: log.moreBefore && page.moreBefore };
  if (end !== first - 1) return log;
  return { entries: [...older, ...log.entries], last: log.last, moreBefore: page.moreBefore };
}

/** The copy with the last page of a room joined to it, or that page alone where they do not touch. */
export function joinLatest(log: Log | null, page: EntryPage): Appending {
  const first = page.entries[0]?.position;
  if (log === null || (first !== undefined && first > log.last + 1)) {
    return { log: logOfPage(page), added: page.entries, gap: false };
  }
  return append(log, page.entries);
}
