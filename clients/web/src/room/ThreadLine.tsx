import type { Replies } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { Avatar } from "../common/Avatar.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Bubble.module.css";

/** Faces that are shown with a thread. */
const FACES = 3;

/** What a message says of its thread: how many replies, who wrote last, and when. It leads there. */
export function ThreadLine(props: { replies: Replies; names: readonly string[]; onShow(): void }) {
  const { t, short } = useI18n();
  const client = useChat();
  const { replies, names, onShow } = props;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles.thread}
      data-testid="thread-line"
      data-count={replies.count}
      onClick={onShow}
    >
      <span className={styles.faces} aria-hidden="true">
        {names.slice(0, FACES).map((name, at) => (
          <Avatar key={replies.people[at]} name={name} seed={replies.people[at] ?? name} size="s" />
        ))}
      </span>
      <strong>{t.repliesCount(replies.count)}</strong>
      <span>{t.lastReply(short(replies.time, client.now()))}</span>
      <span className="visually-hidden">{names.join(", ")}</span>
    </button>
  );
}
