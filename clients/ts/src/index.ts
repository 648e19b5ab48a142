/**
 * The client of Caffis Chat for browsers.
 *
 * {@link ChatClient} keeps one person's rooms up to date: it races WebTransport and WebSocket, falls back
 * to server-sent events, reconnects, resumes each room where it stopped and resends what was not acknowledged.
 * Its state is read through {@link Readable}s, which suit React's `useSyncExternalStore` and need no framework.
 */

export { type BackoffOptions, backoffDelay, DEFAULT_BACKOFF } from "./backoff.ts";
export { ChatClient } from "./client/client.ts";
export type { RoomDescription } from "./client/conversations.ts";
export type { Drafts, DraftsView, ThreadDraftsView } from "./client/drafts.ts";
export {
  INVITE_WEEK,
  type InviteLink,
  type InviteOptions,
  type Invites,
  inviteOf,
  inviteText,
} from "./client/invites.ts";
export {
  type LiveLocations,
  type LivePosition,
  livePositionOf,
  type Sharing,
} from "./client/locations.ts";
export { type MarkedMessages, type MarksView, unreadMarks } from "./client/marked.ts";
export type { Messages } from "./client/messages.ts";
export type { ChatClientOptions, TokenReason } from "./client/options.ts";
export type { Polls } from "./client/polls.ts";
export {
  type Later,
  type ScheduledMessages,
  type ScheduledView,
  scheduledIn,
} from "./client/scheduled.ts";
export { SEARCH_PAGE, type SearchOptions } from "./client/search.ts";
export {
  type FollowedView,
  latestThreads,
  type ThreadKey,
  type Threads,
  threadAfter,
  threadKey,
  unreadThreads,
  withNewer,
  withOlder,
} from "./client/threads.ts";
export { CommandError, EndedError, LinkLostError } from "./errors.ts";
export type { ConnectInfo, GatedEngine, Route } from "./link/discover.ts";
export type { Dial, Farewell, Link, LinkEvents, TransportKind } from "./link/link.ts";
export type { WebSocketConstructor, WebSocketLike } from "./link/websocket.ts";
export { browserOutbox } from "./outbox/browser.ts";
export { OUTBOX_MESSAGES } from "./outbox/outbox.ts";
export type { KeptMessage, KeptMessages, OutboxStorage } from "./outbox/storage.ts";
export * from "./protocol.ts";
export {
  forwardedFrom,
  importedAt,
  isDeleted,
  isHidden,
  liveUntil,
  mentionsNobody,
  mentionsOf,
  messageText,
  NOBODY,
  type ReplyIn,
  repliedTo,
  repliesOf,
  shortened,
  tallyOf,
  threadOf,
} from "./store/changes.ts";
export { HELD_ENTRIES } from "./store/log.ts";
export { placementOf } from "./store/placement.ts";
export type { Readable } from "./store/readable.ts";
export type {
  ConnectionView,
  OwnView,
  PendingMessage,
  PeopleView,
  RoomListView,
  RoomView,
} from "./store/views.ts";
export type { Timers } from "./timers.ts";
