import type { RoomId, UserId } from "@caffis/chat";
import { memo, type ReactNode } from "react";
import { LiveCard } from "../cards/LiveCard.tsx";
import { PlaceCard } from "../cards/PlaceCard.tsx";
import { PollCard } from "../cards/PollCard.tsx";
import { ofLocation, ofPlace } from "../cards/places.ts";
import { Avatar } from "../common/Avatar.tsx";
import { Icon, type IconName } from "../common/Icon.tsx";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { FoundText, FoundWords, NOTHING_FOUND } from "../search/FoundText.tsx";
import styles from "./Bubble.module.css";
import { MentionText } from "./MentionText.tsx";
import { QuoteBlock } from "./QuoteBlock.tsx";
import { Reactions } from "./Reactions.tsx";
import { ThreadLine } from "./ThreadLine.tsx";
import type { Bubble } from "./timeline.ts";
import { Words } from "./Words.tsx";

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
  /** Who deleted it, if that was somebody else than who wrote it. */
  readonly deleter: string | null;
  /** Why it failed, in words. */
  readonly problem: string | null;
  onRetry(bubble: Bubble): void;
  /** Puts the words back where they were written. */
  onEdit(bubble: Bubble): void;
  onDelete(bubble: Bubble): void;
  /** The name of who wrote the message that this one answers. */
  readonly quoted: string;
  /** Where it comes from, in words. */
  readonly origin: string;
  /** The names of those whom it mentions, each on a line. */
  readonly mentioned: string;
  /** The name of this person, if it mentions them. */
  readonly selfName: string | null;
  readonly self: UserId | null;
  nameOf(user: UserId): string;
  /** Adds a reaction or takes it back; null where this person may not. */
  onReact: ((bubble: Bubble, emoji: string, add: boolean) => void) | null;
  /** Opens its menu below a button; null where it has none. */
  onMenu: ((button: HTMLElement) => void) | null;
  /** Answers it; null where nobody may. */
  onReply: ((bubble: Bubble) => void) | null;
  /** Lets the person choose a reaction. */
  onChoose(bubble: Bubble): void;
  /** Leads to the message at a position. */
  onJump(position: number): void;
  /** The names of those who replied last in its thread, each on a line. */
  readonly repliers: string;
  /** Shows the thread of the message at a position. */
  onThread(root: number): void;
  /** Whether this person has selected it; null where they cannot. */
  readonly selected: boolean | null;
  /** Whether this person has starred it. */
  readonly starred: boolean;
  readonly room: RoomId;
  /** Whether this person may close it, if it is a poll. */
  readonly mayClose: boolean;
  /** Whether somebody was just led to it. */
  readonly flashed: boolean;
  /** The words for which somebody was led to it from a search; null when it was not for any. */
  readonly found: readonly string[] | null;
}

/** One message. */
export const BubbleRow = memo(function BubbleRow(props: BubbleProps) {
  const { t, time } = useI18n();
  const { bubble, name, named, delivery, note, problem, onReact } = props;
  const { own, first, last } = bubble;
  const deleted = bubble.deletedBy !== undefined;
  const label = delivery ? t[LABELS[delivery]] : null;
  return (
    <div
      className={`${styles.row} ${own ? styles.own : ""} ${first ? styles.first : ""} ${last ? styles.last : ""}`}
      data-testid="message"
      data-own={own}
      data-number={bubble.number ?? ""}
      data-delivery={delivery ?? ""}
      data-flashed={props.flashed}
      data-mentioned={props.selfName !== null}
      data-selected={props.selected ?? undefined}
    >
      {props.selected !== null && (
        <span className={styles.check} data-testid="select">
          {props.selected && (
            <>
              <Icon name="check" size={14} />
              <span className="visually-hidden">{t.isSelected}</span>
            </>
          )}
        </span>
      )}
      {named && !own && (
        <span className={styles.picture}>
          {last && <Avatar name={name} seed={bubble.sender ?? name} size="s" />}
        </span>
      )}
      <div className={`${styles.bubble} ${deleted ? styles.gone : ""}`} dir="auto" data-bubble>
        {/* What is not the message itself is isolated: the direction of the bubble is that of the message. */}
        {named && !own && first ? (
          <strong className={styles.from}>
            <bdi>{name}</bdi>
          </strong>
        ) : (
          <bdi className="visually-hidden">{own ? t.you : name}: </bdi>
        )}
        {bubble.forwarded && !deleted && (
          <small className={styles.origin} data-testid="forwarded">
            <Icon name="forward" size={13} /> <bdi>{props.origin}</bdi>
          </small>
        )}
        {bubble.thread !== null && (
          <button
            type="button"
            tabIndex={-1}
            className={styles.inThread}
            data-testid="in-thread"
            onClick={() => bubble.thread !== null && props.onThread(bubble.thread)}
          >
            <Icon name="thread" size={13} /> <bdi>{t.inThread}</bdi>
          </button>
        )}
        {bubble.quote && !deleted && (
          <QuoteBlock quote={bubble.quote} name={props.quoted} own={own} onJump={props.onJump} />
        )}
        <span className={styles.text} data-testid="text">
          {deleted ? (
            <em data-testid="tombstone">{tombstone(props, t)}</em>
          ) : (
            <FoundWords value={props.found ?? NOTHING_FOUND}>{content(props, t)}</FoundWords>
          )}
        </span>
        <span className={styles.meta}>
          {props.starred && !deleted && (
            <span className={styles.star} title={t.starred} data-testid="starred">
              <Icon name="star" size={13} />
              <span className="visually-hidden">{t.starred} </span>
            </span>
          )}
          {bubble.edited && (
            <span className={styles.edited} data-testid="edited">
              {t.edited}{" "}
            </span>
          )}
          <time dateTime={new Date(bubble.time).toISOString()}>{time(bubble.time)}</time>
          {delivery && !deleted && (
            <span className={styles.delivery} title={label ?? undefined} data-delivery={delivery}>
              <Icon name={ICONS[delivery]} size={15} />
              <span className="visually-hidden">, {label}</span>
            </span>
          )}
        </span>
      </div>
      {bubble.reactions.length > 0 && (
        <div className={styles.below}>
          <Reactions
            groups={bubble.reactions}
            self={props.self}
            name={props.nameOf}
            onReact={onReact && ((emoji, add) => onReact(bubble, emoji, add))}
          />
        </div>
      )}
      {bubble.replies && (
        <ThreadLine
          replies={bubble.replies}
          names={props.repliers ? props.repliers.split("\n") : []}
          onShow={() => bubble.position !== null && props.onThread(bubble.position)}
        />
      )}
      {props.onMenu && (
        <div className={styles.tools}>
          {onReact && !deleted && (
            <Tool icon="smile" label={t.react} id="react" onUse={() => props.onChoose(bubble)} />
          )}
          {props.onReply && !deleted && (
            <Tool icon="reply" label={t.reply} id="reply" onUse={() => props.onReply?.(bubble)} />
          )}
          <Tool icon="more" label={t.messageActions} id="more" menu onUse={props.onMenu} />
        </div>
      )}
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

/** A button beside a message. */
function Tool(props: {
  icon: IconName;
  label: string;
  id: string;
  menu?: boolean;
  onUse(button: HTMLElement): void;
}) {
  const { icon, label, id, menu, onUse } = props;
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-label={label}
      title={label}
      aria-haspopup={menu ? "menu" : undefined}
      data-testid={`message-${id}`}
      onClick={(event) => onUse(event.currentTarget)}
    >
      <Icon name={icon} size={18} />
    </button>
  );
}

/** What a message says: a card, or words. */
function content(props: BubbleProps, t: Dictionary): ReactNode {
  const { room, mayClose, onReact } = props;
  const { card, tally, position } = props.bubble;
  if (card?.type === "poll") {
    const poll = { room, position, poll: card.value, tally, mayVote: onReact !== null, mayClose };
    return <PollCard {...poll} />;
  }
  if (card?.type === "location") {
    const { liveUntil: until, liveEnded: ended, sender, own } = props.bubble;
    if (until === null || position === null || sender === null) {
      return <PlaceCard place={ofLocation(card.value)} />;
    }
    const live = { room, position, sender, own, location: card.value, until, ended };
    return <LiveCard {...live} />;
  }
  if (card?.type === "place") return <PlaceCard place={ofPlace(card.value)} />;
  return words(props, t);
}

/** The words of a message. */
function words({ bubble, mentioned, selfName }: BubbleProps, t: Dictionary): ReactNode {
  const { text, mentions } = bubble;
  if (text === null) return <em>{t.unknownMessage}</em>;
  const names = mentioned ? mentioned.split("\n") : [];
  const draw = (part: string) =>
    mentions ? (
      <MentionText text={part} names={names} everybody={mentions.room} self={selfName} />
    ) : (
      <FoundText text={part} />
    );
  return <Words text={text} draw={draw} />;
}

/** What stands in the place of a message that was deleted. */
function tombstone({ bubble, deleter }: BubbleProps, t: Dictionary): string {
  if (bubble.own && deleter === null) return t.deletedByYou;
  return deleter === null ? t.messageDeleted : t.deletedBy(deleter);
}

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
