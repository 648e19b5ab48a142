/** The message to which somebody is led from elsewhere on the page. */

import type { InThread, RoomId } from "@caffis/chat";
import { useSyncExternalStore } from "react";
import { goTo, showThread } from "./route.ts";

/** A message, and each time that somebody is led there another object. */
export interface Place {
  readonly room: RoomId;
  readonly position: number;
  /** The thread that shows it; null for the conversation itself. */
  readonly thread: InThread | null;
}

let place: Place | null = null;
const listeners = new Set<() => void>();

/** Shows a message in its conversation. */
export function goToMessage(room: RoomId, position: number): void {
  place = { room, position, thread: null };
  goTo(room);
  tell();
}

/** Shows a reply in its thread. */
export function goToReply(room: RoomId, thread: InThread, position: number): void {
  place = { room, position, thread };
  showThread(room, thread.root);
  tell();
}

/** The message to which somebody was led last in a room, or in a thread of it. */
export function usePlace(room: RoomId, root: number | null = null): Place | null {
  const last = useSyncExternalStore(subscribe, () => place);
  return last?.room === room && (last.thread?.root ?? null) === root ? last : null;
}

/** Somebody has arrived. */
export function arrived(there: Place): void {
  if (place === there) place = null;
}

function tell(): void {
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
