import type { PendingMessage, RoomView, UserId } from "@caffis/chat";
import { useCallback, useMemo } from "react";
import { isDirect, type People, useChat, usePeople } from "../app/chat.tsx";
import { Icon } from "../common/Icon.tsx";
import { useReadable } from "../common/useReadable.ts";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { type BubbleProps, BubbleRow, type Delivery } from "./Bubble.tsx";
import { LiveRegion } from "./LiveRegion.tsx";
import { Notice } from "./Notice.tsx";
import styles from "./Timeline.module.css";
import { type Bubble, type Item, timeline } from "./timeline.ts";
import { useReading } from "./useReading.ts";
import { useScroll } from "./useScroll.ts";

/** The messages of a conversation: older ones load when one scrolls up to them. */
export function Timeline({ room }: { room: RoomView }) {
  const { t, day } = useI18n();
  const { client } = useChat();
  const people = usePeople(t);
  const self = useReadable(client.self);
  const { dividerAfter, seen } = useReading(room);
  const { entries, pending } = room;
  const items = useMemo(
    () => timeline({ entries, pending, self, dividerAfter }),
    [entries, pending, self, dividerAfter],
  );
  const scroll = useScroll({ room, items, onEnd: seen });
  const retry = useCallback(
    (bubble: Bubble) => bubble.pending && client.retry(room.id, bubble.pending.key),
    [client, room.id],
  );
  const remove = useCallback(
    (bubble: Bubble) => bubble.pending && client.discard(room.id, bubble.pending.key),
    [client, room.id],
  );
  const receipts = useReceipts(room, items, people, self);

  const bubble = (item: Bubble) => {
    const props: BubbleProps = {
      bubble: item,
      name: people.name(item.sender),
      named: !isDirect(room.summary),
      delivery: item.own ? receipts.delivery(item) : null,
      note: receipts.note(item),
      problem: problemOf(item.pending, t),
      onRetry: retry,
      onDelete: remove,
    };
    return <BubbleRow key={item.key} {...props} />;
  };

  return (
    <div className={styles.frame}>
      <section
        id="messages"
        className={styles.log}
        ref={scroll.ref}
        onScroll={scroll.onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keys
        tabIndex={0}
        aria-label={t.message}
      >
        {room.moreBefore ? (
          <p className={styles.edge}>{t.loading}</p>
        ) : (
          <p className={styles.edge}>
            {entries.length === 0 && pending.length === 0 ? t.emptyRoom : t.beginning}
          </p>
        )}
        <ol className={styles.items} data-testid="messages">
          {items.map((item) => {
            switch (item.type) {
              case "day":
                return (
                  <li key={item.key} className={styles.day}>
                    <span>{day(item.time, client.now())}</span>
                  </li>
                );
              case "unread":
                return (
                  <li key={item.key} className={styles.unread} data-testid="divider">
                    {t.newMessagesHere}
                  </li>
                );
              case "notice":
                return <Notice key={item.key} kind={item.kind} people={people} />;
              default:
                return bubble(item);
            }
          })}
        </ol>
      </section>
      {!scroll.atEnd && (
        <button
          type="button"
          className={styles.jump}
          data-testid="jump"
          aria-label={t.jumpToLatest}
          onClick={scroll.toEnd}
        >
          <Icon name="down" size={18} />
          {scroll.missed > 0 && <span>{t.newMessages(scroll.missed)}</span>}
        </button>
      )}
      <LiveRegion items={items} people={people} />
    </div>
  );
}

/** How far the others have come, for the ticks. */
function useReceipts(room: RoomView, items: readonly Item[], people: People, self: UserId | null) {
  const { t, names } = useI18n();
  const others = [...room.markers.values()].filter((marker) => marker.user !== self);
  const delivered = Math.max(0, ...others.map((marker) => marker.delivered));
  const read = Math.max(0, ...others.map((marker) => marker.read));
  const delivery = ({ pending, number }: Bubble): Delivery => {
    if (pending) return pending.state;
    if (number === null) return "sent";
    return number <= read ? "read" : number <= delivered ? "delivered" : "sent";
  };
  const own = items.filter((item) => item.type === "message" && item.own) as Bubble[];
  const last = own.at(-1);
  const seen = own.findLast(({ number }) => number !== null && number <= read);
  const readers = others.filter((marker) => marker.read >= (seen?.number ?? 0));
  const list = names(readers.map((marker) => people.firstName(marker.user)));
  const seenBy = isDirect(room.summary) ? t.readLabel : t.seenBy(list);
  /** In words, where it matters: below the last message that was read, and below the last of all. */
  const note = (bubble: Bubble) => {
    if (bubble.key === seen?.key) return seenBy;
    if (bubble.key !== last?.key || bubble.number === null) return null;
    return bubble.number <= delivered ? t.stateDelivered : t.stateSent;
  };
  return { delivery, note };
}

function problemOf(pending: PendingMessage | null, t: Dictionary): string | null {
  if (!pending?.error) return null;
  const known = t.errors as Readonly<Record<string, string>>;
  return known[pending.error] ?? t.errors.other;
}
