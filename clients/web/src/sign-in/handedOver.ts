/**
 * A token that another page hands over: it opens this page at `#token=…&room=…`. What stands behind the `#` is sent to
 * no server, so no log has it.
 */

import { roomId } from "@caffis/chat";
import { hashOf, pathOf } from "../app/route.ts";

/** What was handed over. */
export interface HandedOver {
  readonly token: string;
  /** The address without the token: of the room, or of the list. */
  readonly hash: string;
}

/** What an address hands over, if it does. Pure. */
export function handedOver(hash: string): HandedOver | null {
  if (!hash.startsWith("#token=")) return null;
  const given = new URLSearchParams(hash.slice(1));
  const token = given.get("token");
  if (!token) return null;
  const route = { room: room(given), details: false, thread: null, dialog: null };
  return { token, hash: hashOf(pathOf(route)) };
}

function room(given: URLSearchParams) {
  const id = given.get("room");
  try {
    return id === null ? null : roomId(id);
  } catch {
    return null;
  }
}
