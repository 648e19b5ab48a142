/** What can be done with a room in the list, and which rooms a name finds. */

import type { Placement } from "@caffis/chat";
import type { IconName } from "../common/Icon.tsx";

/** Something that puts a room elsewhere in the list. */
export type RoomAction =
  | "pinRoom"
  | "unpinRoom"
  | "archive"
  | "unarchive"
  | "hideRoom"
  | "showRoom";

/** Where each action puts a room, and its picture. */
export const ROOM_ACTIONS: Readonly<
  Record<RoomAction, { readonly to: Placement; readonly icon: IconName }>
> = {
  pinRoom: { to: "pinned", icon: "pin" },
  unpinRoom: { to: "listed", icon: "pin" },
  archive: { to: "archived", icon: "box" },
  unarchive: { to: "listed", icon: "box" },
  hideRoom: { to: "hidden", icon: "eye" },
  showRoom: { to: "listed", icon: "eye" },
};

/** The actions for a room that stands somewhere. Pure. */
export function roomActions(at: Placement): readonly RoomAction[] {
  return [
    at === "pinned" ? "unpinRoom" : "pinRoom",
    at === "archived" ? "unarchive" : "archive",
    at === "hidden" ? "showRoom" : "hideRoom",
  ];
}

/** Whether a name has each of some words in it, whatever their accents and capitals. Pure. */
export function isNamed(name: string, words: string): boolean {
  const inName = folded(name);
  return folded(words)
    .split(/\s+/)
    .every((word) => inName.includes(word));
}

function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
