/** A client's copy of a stretch of a room's log: positions without a gap. Plain values, pure steps. */

import type { Entry, EntryPage } from "../generated/protocol.ts";
import { withChanges } from "./changes.ts";

/** The most entries kept of one room: the newest ones. */
export const HELD_ENTRIES = 20_000;
/** What is kept of a closed room; older entries are loaded again when somebody scrolls up. */
export const CLOSED_ENTRIES = 500;
/** A copy that is behind by more than this many entries is replaced instead of completed. */
export const JOINED_ENTRIES = 300;

/** A stretch of a log that ends at `last`. */
export interface Log {
  /** In order of position, each one more than the one before. */
  readonly entries: readonly Entry[];
  /** The position up to which the copy is complete. */
  readonly last: number;
  /** Whether there are entries before the first that this person may see. */
  readonly moreBefore: boolean;
  /** Whether the stretch ends before the end of the log, because somebody reads further up. */
  readonly moreAfter: boolean;
}

/** The result of appending entries. */
export interface Appending {
  readonly log: Log;
  /** The entries that were new. */
  readonly added: readonly Entry[];
}

/** A copy that consists of one page. */
export function logOfPage(page: EntryPage): Log {
  const last = page.entries.at(-1)?.position ?? page.head;
  return { entries: page.entries, last, moreBefore: page.moreBefore, moreAfter: page.moreAfter };
}

/** Appends entries: known ones are skipped, and nothing after a gap is taken. */
export function append(log: Log, entries: readonly Entry[]): Appending {
  const added: Entry[] = [];
  let last = log.last;
  for (const entry of entries) {
    if (entry.position <= last) continue;
    if (entry.position > last + 1) break;
    added.push(entry);
    last = entry.position;
  }
  if (added.length === 0) return { log, added };
  const all = withChanges([...log.entries, ...added], added);
  return { log: cut({ ...log, entries: all, last }), added };
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
  // The page may have been read before entries that are here already.
  const entries = [...withChanges(older, log.entries), ...log.entries];
  return cut({ ...log, entries, moreBefore: page.moreBefore });
}

/**
 * The copy joined with the last page of the room. A small gap between them stays open, to be filled by
 * a resume; over a large one the page replaces the copy. A copy from further up stays as it is.
 */
export function joinLatest(log: Log | null, page: EntryPage): Appending {
  const first = page.entries[0]?.position;
  if (log === null) return { log: logOfPage(page), added: page.entries };
  const missing = first === undefined ? 0 : first - log.last - 1;
  if (missing > JOINED_ENTRIES && !log.moreAfter) {
    return { log: logOfPage(page), added: page.entries };
  }
  return append(log, page.entries);
}
