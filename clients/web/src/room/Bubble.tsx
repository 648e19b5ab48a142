import { memo } from "react";
import { Avatar } from "../common/Avatar.tsx";
import { Icon, type IconName } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Bubble.module.css";
import type { Bubble } from "./timeline.ts";

/** The delivery state of a message of this person. */
export type Delivery = "queued" | "sending" | "sent" | "delivered" | "read" | "failed";

const ICONS: Readonly<Record<Delivery, IconName>> = {
  queued: "clock",
  sending: "clock",
  sent: "check",
  delivered: "double",
  read: "double",
  failed: "warn",
};

const LABELS = {
  queued: "stateQueued",
  sending: "stateSending",
  sent: "stateSent",
  delivered: "stateDelivered",
  read: "stateRead",
  failed: "stateFailed",
} as const;

/** What a message needs to be shown. */
export interface BubbleProps {
  readonly bubble: Bubble;
  readonly name: string;
  /** Whether the names and pictures of senders are shown. */
  readonly named: boolean;
  /** Null for messages of others. */
  readonly delivery: Delivery | null;
  /** The delivery state in words, on the last message and on the last that somebody has read. */
  readonly note: string | null;
  /** Why it failed, in words. */
  readonly problem: string | null;
  onRetry(bubble: Bubble): void;
  /** Puts the words back where they were written. */
  onEdit(bubble: Bubble): void;
  onDelete(bubble: Bubble): void;
}

/** One message. */
export const BubbleRow = memo(function BubbleRow(props: BubbleProps) {
  const { t, time } = useI18n();
  const { bubble, name, named, delivery, note, problem } = props;
  const { own, first, last, text } = bubble;
  const label = delivery ? t[LABELS[delivery]] : null;
  return (
    <div
      className={`${styles.row} ${own ? styles.own : ""} ${first ? styles.first : ""} ${last ? styles.last : ""}`}
      data-testid="message"
      data-own={own}
      data-number={bubble.number ?? ""}
      data-delivery={delivery ?? ""}
    >
      {named && !own && (
        <span className={styles.picture}>
          {last && <Avatar name={name} seed={bubble.sender ?? name} size="s" />}
        </span>
      )}
      <div className={styles.bubble} dir="auto">
        {named && !own && first ? (
          <strong className={styles.from}>{name}</strong>
        ) : (
          <span className="visually-hidden">{own ? t.you : name}: </span>
        )}
        <span className={styles.text} data-testid="text">
          {text ?? <em>{t.unknownMessage}</em>}
        </span>
        <span className={styles.meta}>
          <time dateTime={new Date(bubble.time).toISOString()}>{time(bubble.time)}</time>
          {delivery && (
            <span className={styles.delivery} title={label ?? undefined} data-delivery={delivery}>
              <Icon name={ICONS[delivery]} size={15} />
              <span className="visually-hidden">, {label}</span>
            </span>
          )}
        </span>
      </div>
      {delivery === "failed" && (
        <div className={styles.failed}>
          <span>
            {t.stateFailed}. {problem}
          </span>
          <span className={styles.actions}>
            <button type="button" className={styles.action} onClick={() => props.onRetry(bubble)}>
              {t.retry}
            </button>
            <button type="button" className={styles.action} onClick={() => props.onEdit(bubble)}>
              {t.edit}
            </button>
            <button type="button" className={styles.action} onClick={() => props.onDelete(bubble)}>
              {t.delete}
            </button>
          </span>
        </div>
      )}
      {note && (
        <p className={styles.note} data-testid="seen-by">
          {note}
        </p>
      )}
    </div>
  );
}, isSame);

/** Items are rebuilt with every change of a room, so compare their content. */
function isSame(before: BubbleProps, after: BubbleProps): boolean {
  return shallowEqual(
    { ...before, ...before.bubble, bubble: 0 },
    { ...after, ...after.bubble, bubble: 0 },
  );
}

function shallowEqual(before: object, after: object): boolean {
  const values = after as Readonly<Record<string, unknown>>;
  return Object.entries(before).every(([key, value]) => Object.is(value, values[key]));
}
