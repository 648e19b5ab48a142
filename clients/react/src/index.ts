/**
 * React hooks for Caffis Chat.
 *
 * {@link ChatProvider} gives a `ChatClient` to what is inside it, and each hook reads one thing of it and renders
 * again when that changes. What the hooks return keeps its identity until it changes. Everything that is not here is
 * a method of the client, which {@link useChat} gives.
 */

export { ChatProvider, type ChatProviderProps, useChat } from "./context.tsx";
export {
  useDrafts,
  useMentions,
  useScheduled,
  useStars,
  useThreadDrafts,
  useThreads,
} from "./lists.ts";
export { usePeople, usePerson, usePresence } from "./people.ts";
export { useConnection, useLimits, useOwn, useSelf } from "./session.ts";
export {
  type MessageItem,
  type NoticeItem,
  type TimelineItem,
  type TimelineSource,
  timelineItems,
} from "./timeline.ts";
export { type Action, type ActionOptions, useAction } from "./useAction.ts";
export { useMarkRead } from "./useMarkRead.ts";
export { useMembers } from "./useMembers.ts";
export { useNewClient } from "./useNewClient.ts";
export { useReadable } from "./useReadable.ts";
export { type OpenedRoom, useRoom, useRoomView } from "./useRoom.ts";
export { type Rooms, useRooms } from "./useRooms.ts";
export { type ShownThread, useThread } from "./useThread.ts";
export { type Timeline, useTimeline } from "./useTimeline.ts";
export { type Typing, useTyping } from "./useTyping.ts";
export { type Unread, useUnread } from "./useUnread.ts";
