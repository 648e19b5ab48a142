/** What the client shows to its owner: immutable snapshots. */

import type { TransportKind } from "../link/link.ts";
import type {
  Body,
  Card,
  ClientKey,
  Entry,
  ErrorCode,
  Extra,
  Marker,
  Member,
  MessagePreview,
  PinList,
  Presence,
  Profile,
  RoomId,
  RoomSummary,
  UserId,
} from "../protocol.ts";

/** A message that the server has not yet acknowledged. */
export interface PendingMessage {
  /** The idempotency key; kept on every resend. */
  readonly key: ClientKey;
  /** The room that it is for. */
  readonly room: RoomId;
  /** Its content. */
  readonly body: Body;
  /** What belongs to it besides its words. */
  readonly extras: readonly Extra[];
  /** Waiting for its turn or the link, under way, acknowledged but not yet in the log, or given up. */
  readonly state: "queued" | "sending" | "sent" | "failed";
  /** Why it failed. */
  readonly error: ErrorCode | null;
}

/** One room, as far as this client knows it. */
export interface RoomView {
  /** The room. */
  readonly id: RoomId;
  /** Head, unread and preview are kept up to date. */
  readonly summary: RoomSummary;
  /** The entries that are here, in order, without a gap. */
  readonly entries: readonly Entry[];
  /** The position up to which the copy is complete; 0 while it is not held. */
  readonly last: number;
  /** Whether older entries can be loaded. */
  readonly moreBefore: boolean;
  /** Whether newer entries can be loaded: the copy begins around the first unread message, far from the end. */
  readonly moreAfter: boolean;
  /** Whether a part of the log is here. */
  readonly held: boolean;
  /** Whether the room's feed runs. */
  readonly open: boolean;
  /** Whether older entries are on their way. */
  readonly loadingBefore: boolean;
  /** Whether newer entries are on their way. */
  readonly loadingAfter: boolean;
  /** This person's messages that are not yet in the log, in order. */
  readonly pending: readonly PendingMessage[];
  /** How far the members have come; in small rooms. */
  readonly markers: ReadonlyMap<UserId, Marker>;
  /** Who is typing. */
  readonly typing: readonly UserId[];
  /** The members, once they were asked for. */
  readonly members: readonly Member[] | null;
  /** How many people have the room open; null where it is not known. */
  readonly attendance: number | null;
  /**
   * Messages that others answer and that are not among the entries, by position, as far as they were
   * loaded; null for those that this person does not see.
   */
  readonly quotes: ReadonlyMap<number, MessagePreview | null>;
  /** What is pinned in the room, once it was asked for. */
  readonly pins: PinList | null;
  /** What the room is about, where a service has told and the room was opened. */
  readonly card: Card | null;
}

/** Profiles and presence of people. */
export interface PeopleView {
  /** Their names and pictures. */
  readonly profiles: ReadonlyMap<UserId, Profile>;
  /** Whether they are online, and their status text. */
  readonly presence: ReadonlyMap<UserId, Presence>;
}

/** How this person appears to others. */
export interface OwnView {
  /** Away by choice on this device; what others see is the presence. */
  readonly away: boolean;
  /** Their status text, which all devices share. */
  readonly status: string | null;
  /** Whether others are not told what they have read; all devices share it. */
  readonly privateReceipts: boolean;
}

/** The rooms of this person: what is pinned, then the most active. */
export interface RoomListView {
  /** The rooms that are known. */
  readonly rooms: readonly RoomSummary[];
  /** Whether the server has more. */
  readonly more: boolean;
  /** Whether the list was loaded. */
  readonly loaded: boolean;
}

/** The state of the connection. */
export interface ConnectionView {
  /**
   * `connecting` for the first time, `online`, `waiting` until `retryAt`, `reconnecting`, or `ended`
   * for good.
   */
  readonly phase: "connecting" | "online" | "waiting" | "reconnecting" | "ended";
  /** Which transport carries the session. */
  readonly transport: TransportKind | null;
  /** The last round trip in milliseconds. */
  readonly roundTripMs: number | null;
  /** When the next attempt is, by the local clock. */
  readonly retryAt: number | null;
  /** Why the session ended or could not be opened; null when the client was disposed of. */
  readonly reason: { readonly code: ErrorCode | null; readonly sentence: string } | null;
}

/** No quotes. */
export const NO_QUOTES: ReadonlyMap<number, MessagePreview | null> = new Map();

/** The fields of a view whose log is not held. */
export const NO_LOG = {
  ...{ entries: [], last: 0, moreBefore: false, moreAfter: false },
  ...{ quotes: NO_QUOTES, pins: null },
} as const;

/** A room of which only the summary is known. */
export function emptyView(summary: RoomSummary): RoomView {
  return {
    id: summary.room,
    summary,
    ...NO_LOG,
    held: false,
    open: false,
    loadingBefore: false,
    loadingAfter: false,
    pending: [],
    markers: new Map(),
    typing: [],
    members: null,
    attendance: null,
    card: null,
  };
}
