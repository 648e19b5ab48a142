/** Where a person was in each conversation that they left, so that it is there again when they come back. */

import type { ChatClient, RoomId } from "@caffis/chat";

/** Conversations of which the place is kept; the one left longest ago is forgotten first. */
const MOST = 100;

/** A place among the messages of a conversation. */
export interface Place {
  /** The item at the upper edge. */
  readonly key: string;
  /** How much of it is above the edge, in pixels. */
  readonly offset: number;
}

const places = new WeakMap<ChatClient, Map<RoomId, Place>>();

/** Where the person was in a conversation; nothing if they were at its end, or never there. */
export function placeIn(client: ChatClient, room: RoomId): Place | undefined {
  return places.get(client)?.get(room);
}

/** Keeps where the person is in a conversation; null at its end. */
export function keepPlace(client: ChatClient, room: RoomId, place: Place | null): void {
  const known = places.get(client) ?? new Map<RoomId, Place>();
  places.set(client, known);
  known.delete(room);
  if (place === null) return;
  known.set(room, place);
  for (const oldest of known.keys()) {
    if (known.size <= MOST) break;
    known.delete(oldest);
  }
}
