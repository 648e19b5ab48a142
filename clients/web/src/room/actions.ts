/** What a person may do with a message, by the server's rules: the page offers nothing else. Pure. */

import type { Limits, RoomView } from "@caffis/chat";
import { mayWrite, moderates as roleModerates } from "../details/permissions.ts";
import type { Bubble, Item } from "./timeline.ts";
import { barredFrom } from "./writing.ts";

/** Something that can be done with a message. */
export type MessageAction =
  | "react"
  | "reply"
  | "thread"
  | "original"
  | "pin"
  | "unpin"
  | "reactors"
  | "edit"
  | "forward"
  | "star"
  | "unstar"
  | "copy"
  | "select"
  | "revisions"
  | "report"
  | "delete"
  | "hide";

/** What the rules look at. */
export interface ActionGround {
  readonly room: RoomView;
  readonly limits: Limits | null;
  /** The server's time. */
  readonly now: number;
  /** The numbers of the messages that this person has starred in the room, by position. */
  readonly starred: ReadonlyMap<number, number>;
  /** Whether the message is shown in its thread. */
  readonly inThread?: boolean;
}

/** What can be done with a message, in the order in which it is offered. */
export function actionsFor(bubble: Bubble, ground: ActionGround): readonly MessageAction[] {
  if (bubble.position === null) return [];
  const actions: MessageAction[] = [];
  if (mayReact(bubble, ground)) actions.push("react");
  // A message answers another one or is in a thread, so nothing is quoted there.
  if (!ground.inThread && mayReply(bubble, ground)) actions.push("reply");
  if (hasThread(bubble, ground)) actions.push("thread");
  if (bubble.quote && bubble.quote.state !== "hidden") actions.push("original");
  if (mayPin(bubble, ground)) actions.push(isPinned(bubble, ground) ? "unpin" : "pin");
  if (bubble.reactions.length > 0) actions.push("reactors");
  if (mayEdit(bubble, ground)) actions.push("edit");
  if (mayForward(bubble, ground)) actions.push("forward");
  if (bubble.deletedBy === undefined) {
    actions.push(ground.starred.has(bubble.position) ? "unstar" : "star");
  }
  if (bubble.text !== null) actions.push("copy");
  if (bubble.deletedBy === undefined) actions.push("select");
  if (bubble.edited && (bubble.own || moderates(ground))) actions.push("revisions");
  if (mayReport(bubble)) actions.push("report");
  if (mayDelete(bubble, ground)) actions.push("delete");
  actions.push("hide");
  return actions;
}

/** Whether this person may react to a message. */
export function mayReact(bubble: Bubble, { room }: ActionGround): boolean {
  if (bubble.position === null || bubble.deletedBy !== undefined) return false;
  return !isClosed(room) && !isFrozen(room);
}

/** Whether this person may close a poll. */
export function mayClosePoll(bubble: Bubble, room: RoomView): boolean {
  if (isClosed(room)) return false;
  return bubble.own || roleModerates(room.summary.role);
}

/** Whether this person may answer a message. */
export function mayReply(bubble: Bubble, ground: ActionGround): boolean {
  return mayReact(bubble, ground) && barredFrom(ground.room) === null;
}

/** Whether a message has a thread, or this person may begin one; or, of a reply, whether it leads to its thread. */
function hasThread(bubble: Bubble, ground: ActionGround): boolean {
  if (ground.inThread) return false;
  if (bubble.thread !== null || bubble.replies !== null) return true;
  return bubble.sender !== null && mayReply(bubble, ground);
}

function mayForward(bubble: Bubble, { room }: ActionGround): boolean {
  return (
    bubble.deletedBy === undefined && bubble.text !== null && room.summary.class !== "evidence"
  );
}

function mayReport(bubble: Bubble): boolean {
  return !bubble.own && bubble.sender !== null && bubble.deletedBy === undefined;
}

/** Whether this person may change the words of a message now. */
export function mayEdit(bubble: Bubble, ground: ActionGround): boolean {
  const { room } = ground;
  if (!bubble.own || bubble.position === null || bubble.deletedBy !== undefined) return false;
  if (bubble.text === null || bubble.card !== null) return false;
  if (room.summary.class === "evidence") return false;
  if (isClosed(room) || isFrozen(room) || !mayWrite(room.summary.role)) return false;
  return isRecent(bubble, ground);
}

/** The last message of this person, if it may still be edited. */
export function lastToEdit(items: readonly Item[], ground: ActionGround): Bubble | null {
  const last = items.findLast((item): item is Bubble => item.type === "message" && item.own);
  return last && mayEdit(last, ground) ? last : null;
}

function mayDelete(bubble: Bubble, ground: ActionGround): boolean {
  const { room, limits } = ground;
  if (bubble.deletedBy !== undefined || bubble.sender === null || isClosed(room)) return false;
  if (moderates(ground)) return true;
  if (!bubble.own) return false;
  const small = room.summary.members <= (limits?.smallRoomMembers ?? 0);
  if (room.summary.class === "public" || !small) return isRecent(bubble, ground);
  const others = [...room.markers.values()].filter(({ user }) => user !== bubble.sender);
  return others.every(({ read }) => read < (bubble.number ?? 0));
}

function mayPin(bubble: Bubble, ground: ActionGround): boolean {
  const { room } = ground;
  if (bubble.deletedBy !== undefined || isClosed(room)) return false;
  return room.summary.peer !== null || moderates(ground);
}

function isPinned({ position }: Bubble, { room }: ActionGround): boolean {
  return room.pins?.pins.some((pin) => pin.message === position) ?? false;
}

function moderates({ room }: ActionGround): boolean {
  return roleModerates(room.summary.role);
}

function isRecent({ time }: Bubble, { limits, now }: ActionGround): boolean {
  return now - time <= (limits?.editWindowMs ?? 0);
}

/** Whether others write, edit and react here, and this person does not. */
function isFrozen({ summary }: RoomView): boolean {
  return summary.settings.frozen && !roleModerates(summary.role);
}

function isClosed({ card }: RoomView): boolean {
  return card?.status.type === "closed";
}
