import type { Forwarded, PendingMessage, RoomSummary, RoomView, UserId } from "@caffis/chat";
import { HELD_ENTRIES } from "@caffis/chat";
import { useChat, useRooms, useSelf } from "@caffis/chat-react";
import { type ReactElement, useCallback, useMemo, useRef } from "react";
import { isDirect, type People, roomTitle, usePeople } from "../app/chat.tsx";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { wordsFound } from "../search/found.ts";
import { useShownHit } from "../search/results.ts";
import { mayClosePoll } from "./actions.ts";
import { BubbleRow } from "./Bubble.tsx";
import { Notice } from "./Notice.tsx";
import styles from "./Timeline.module.css";
import type { Bubble, Item } from "./timeline.ts";
import { useReceipts } from "./useReceipts.ts";

/** What can be done with the messages of a timeline. */
export interface Handlers {
  onEdit(text: string): void;
  onMenu(button: HTMLElement): void;
  /** Null where nobody reacts any more. */
  readonly onReact: ((bubble: Bubble, emoji: string, add: boolean) => void) | null;
  readonly onReply: ((bubble: Bubble) => void) | null;
  onChoose(bubble: Bubble): void;
  onJump(position: number): void;
  /** Shows the thread of the message at a position. */
  onThread(root: number): void;
  /** The position of the message to which somebody was just led. */
  readonly flashed: number | null;
  /** What this person has starred. */
  readonly starred: ReadonlyMap<number, number>;
  /** What this person has selected; null while they select nothing. */
  readonly selected: ReadonlySet<number> | null;
}

/** Where a message comes from: who wrote it, and the room, where that may be told and is known here. */
function originOf(
  { by, place }: Forwarded,
  people: People,
  rooms: readonly RoomSummary[],
  t: Dictionary,
): string {
  const room = rooms.find((summary) => summary.room === place?.room);
  const name = people.name(by);
  return room ? t.forwardedFromIn(name, roomTitle(room, people)) : t.forwardedFrom(name);
}

function mentionsSelf({ mentions, own }: Bubble, self: UserId | null): boolean {
  if (!mentions || own || self === null) return false;
  return mentions.room || mentions.users.includes(self);
}

/** Draws an item of a timeline, or of a thread. */
export function useDraw(
  room: RoomView,
  items: readonly Item[],
  handlers: Handlers,
): (item: Item) => ReactElement {
  const { onEdit, onMenu, onReact, onReply, onChoose, onJump, onThread } = handlers;
  const { flashed, starred, selected } = handlers;
  const { t, day } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const self = useSelf();
  const { rooms } = useRooms();
  const receipts = useReceipts(room, items, people, self);
  const hit = useShownHit(room.id);
  const found = useMemo(() => hit && wordsFound(hit), [hit]);
  const known = useRef(people);
  known.current = people;
  const nameOf = useCallback((user: UserId) => known.current.name(user), []);
  const retry = useCallback(
    (bubble: Bubble) => bubble.pending && client.retry(room.id, bubble.pending.key),
    [client, room.id],
  );
  const remove = useCallback(
    (bubble: Bubble) => bubble.pending && client.discard(room.id, bubble.pending.key),
    [client, room.id],
  );
  const edit = useCallback(
    (bubble: Bubble) => {
      if (!bubble.pending) return;
      client.discard(room.id, bubble.pending.key);
      onEdit(bubble.text ?? "");
    },
    [client, room.id, onEdit],
  );
  return (item) => {
    switch (item.type) {
      case "edge":
        return (
          <p key={item.key} className={styles.edge}>
            {edge(room, t)}
          </p>
        );
      case "more":
        return (
          <p key={item.key} className={styles.edge}>
            {t.loading}
          </p>
        );
      case "day":
        return (
          <div key={item.key} className={styles.day}>
            <span>{day(item.time, client.now())}</span>
          </div>
        );
      case "unread":
        return (
          <div key={item.key} className={styles.unread} data-testid="divider">
            {t.newMessagesHere}
          </div>
        );
      case "notice":
        return <Notice key={item.key} kind={item.kind} people={people} />;
      case "message":
        return (
          <BubbleRow
            key={item.key}
            bubble={item}
            room={room.id}
            mayClose={item.card?.type === "poll" && mayClosePoll(item, room)}
            name={people.name(item.sender)}
            named={!isDirect(room.summary)}
            delivery={item.own ? receipts.delivery(item) : null}
            note={receipts.note(item)}
            problem={problemOf(item.pending, t)}
            onRetry={retry}
            onEdit={edit}
            onDelete={remove}
            deleter={
              item.deletedBy && item.deletedBy !== item.sender ? people.name(item.deletedBy) : null
            }
            self={self}
            nameOf={nameOf}
            quoted={
              item.quote
                ? item.quote.sender === self
                  ? t.you
                  : people.name(item.quote.sender)
                : ""
            }
            origin={item.forwarded ? originOf(item.forwarded, people, rooms, t) : ""}
            mentioned={item.mentions?.users.map((user) => people.name(user)).join("\n") ?? ""}
            selfName={mentionsSelf(item, self) && self ? people.name(self) : null}
            starred={item.position !== null && starred.has(item.position)}
            selected={
              selected === null || item.position === null || item.deletedBy !== undefined
                ? null
                : selected.has(item.position)
            }
            flashed={item.position !== null && item.position === flashed}
            found={item.position !== null && item.position === hit?.position ? found : null}
            onReact={onReact}
            onReply={onReply}
            onChoose={onChoose}
            onJump={onJump}
            repliers={item.replies?.people.map((user) => people.name(user)).join("\n") ?? ""}
            onThread={onThread}
            onMenu={item.position !== null && selected === null ? onMenu : null}
          />
        );
    }
  };
}

function edge({ entries, pending, moreBefore }: RoomView, t: Dictionary): string {
  if (moreBefore) return entries.length < HELD_ENTRIES ? t.loading : t.tooFarBack;
  return entries.length === 0 && pending.length === 0 ? t.emptyRoom : t.beginning;
}

function problemOf(pending: PendingMessage | null, t: Dictionary): string | null {
  if (!pending?.error) return null;
  const known = t.errors as Readonly<Record<string, string>>;
  return known[pending.error] ?? t.errors.other;
}
