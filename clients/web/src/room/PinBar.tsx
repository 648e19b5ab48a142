import type { RoomView } from "@caffis/chat";
import { useState } from "react";
import { usePeople } from "../app/chat.tsx";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./PinBar.module.css";
import { quoteOf } from "./quotes.ts";

/** What is pinned in a room, one at a time: a click leads to it and shows the one before it. */
export function PinBar({ room, onJump }: { room: RoomView; onJump(position: number): void }) {
  const { t } = useI18n();
  const people = usePeople(t);
  // What this person has hidden, or does not see, is not offered.
  const quotes = (room.pins?.pins ?? []).flatMap(({ message }) => {
    const reply = { type: "reply", value: { message } } as const;
    const quote = quoteOf({ extras: [reply] }, room);
    return quote && quote.state !== "hidden" && quote.state !== "deleted" ? [quote] : [];
  });
  const [back, setBack] = useState(0);
  const count = quotes.length;
  if (count === 0) return null;
  const at = count - 1 - (back % count);
  const quote = quotes[at];
  if (!quote) return null;
  const text = quote.state === "loading" ? t.loading : (quote.text ?? t.unknownMessage);
  return (
    <button
      type="button"
      className={styles.bar}
      title={t.goToPin}
      data-testid="pins"
      data-count={count}
      onClick={() => {
        setBack((back + 1) % count);
        onJump(quote.position);
      }}
    >
      <span className={styles.mark}>
        <Icon name="pin" size={18} />
      </span>
      <span className={styles.words}>
        <strong>{count > 1 ? t.pinnedOf(at + 1, count) : t.pinned}</strong>
        <span dir="auto" data-testid="pin-text">
          {quote.state === "there" && `${people.firstName(quote.sender)}: `}
          {text}
        </span>
      </span>
    </button>
  );
}
