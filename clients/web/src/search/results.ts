/** What was found last: shared by the search window and the bar above the messages. */

import type { Hit, RoomId, SearchPlace } from "@caffis/chat";
import { useSyncExternalStore } from "react";

/** What was found, newest first. */
export interface Results {
  /** As the person typed it. */
  readonly query: string;
  /** The room that was searched; null for all. */
  readonly room: RoomId | null;
  readonly hits: readonly Hit[];
  /** Where to go on. */
  readonly next: SearchPlace | null;
  /** The result that is shown in its conversation. */
  readonly shown: number | null;
  /** Nobody has asked for it yet. */
  readonly stale?: boolean;
}

let results: Results | null = null;
const listeners = new Set<() => void>();

/** Keeps what was found, or forgets it. */
export function setResults(now: Results | null): void {
  results = now;
  for (const listener of [...listeners]) listener();
}

/** What was found last. */
export function lastResults(): Results | null {
  return results;
}

/** What was found last, as it changes. */
export function useResults(): Results | null {
  return useSyncExternalStore(subscribe, lastResults);
}

/** The result that is shown in a conversation; null for none. */
export function useShownHit(room: RoomId): Hit | null {
  const { hits, shown = null } = useResults() ?? {};
  const hit = shown === null ? undefined : hits?.[shown];
  return hit?.room === room ? hit : null;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
