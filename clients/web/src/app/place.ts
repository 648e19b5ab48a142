/** The message to which somebody is led from elsewhere on the page. */

import type { RoomId } from "@caffis/chat";
import { useSyncExternalStore } from "react";
import { goTo } from "./route.ts";

/** A message, and each time that somebody is led there another object. */
export interface Place {
  readonly room: RoomId;
  readonly position: number;
}

let place: Place | null = null;
const listeners = new Set<() => void>();

/** Shows a message in its conversation. */
export function goToMessage(room: RoomId, position: number): void {
  place = { room, position };
  goTo(room);
  for (const listener of [...listeners]) listener();
}

/** The message to which somebody was led last in a room. */
export function usePlace(room: RoomId): Place | null {
  const last = useSyncExternalStore(subscribe, () => place);
  return last?.room === room ? last : null;
}

/** Somebody has arrived. */
export function arrived(there: Place): void {
  if (place === there) place = null;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
