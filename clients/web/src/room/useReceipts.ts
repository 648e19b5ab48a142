import type { RoomView, UserId } from "@caffis/chat";
import { isDirect, type People } from "../app/chat.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Delivery } from "./Bubble.tsx";
import type { Bubble, Item } from "./timeline.ts";

/** What to show of how far the others have read. */
export interface Receipts {
  /** The delivery state of a message of this person. */
  delivery(bubble: Bubble): Delivery;
  /** In words, below the last message that was read and below the last of all. */
  note(bubble: Bubble): string | null;
}

/** How far the others have come, for the ticks. */
export function useReceipts(
  room: RoomView,
  items: readonly Item[],
  people: People,
  self: UserId | null,
): Receipts {
  const { t, names } = useI18n();
  const others = [...room.markers.values()].filter((marker) => marker.user !== self);
  const delivered = Math.max(0, ...others.map((marker) => marker.delivered));
  const read = Math.max(0, ...others.map((marker) => marker.read));
  // Of what was deleted nothing is said.
  const lastOwn = (holds: (bubble: Bubble) => boolean) =>
    items.findLast(
      (item): item is Bubble =>
        item.type === "message" && item.own && item.deletedBy === undefined && holds(item),
    );
  const last = lastOwn(() => true);
  const seen = lastOwn(({ number }) => number !== null && number <= read);
  const readers = others.filter((marker) => marker.read >= (seen?.number ?? 0));
  const list = names(readers.map((marker) => people.firstName(marker.user)));
  const seenBy = isDirect(room.summary) ? t.readLabel : t.seenBy(list);
  return {
    delivery({ pending, number }) {
      if (pending) return pending.state;
      if (number === null) return "sent";
      return number <= read ? "read" : number <= delivered ? "delivered" : "sent";
    },
    note(bubble) {
      if (bubble.key === seen?.key) return seenBy;
      if (bubble.key !== last?.key || bubble.number === null) return null;
      return bubble.number <= delivered ? t.stateDelivered : t.stateSent;
    },
  };
}
