import { type FollowedThread, latestThreads } from "@caffis/chat";
import { useChat, useRoomView, useSelf, useThreads } from "@caffis/chat-react";
import { roomTitle, usePeople } from "../app/chat.tsx";
import { showThread } from "../app/route.ts";
import { Avatar } from "../common/Avatar.tsx";
import { Dialog } from "../common/Dialog.tsx";
import { moveFocus } from "../common/moveFocus.ts";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "../search/Search.module.css";
import own from "./ThreadPanel.module.css";

/** The threads that this person follows, the latest reply first; each is shown beside its conversation. */
export function ThreadList({ onClose }: { onClose(): void }) {
  const { t } = useI18n();
  const threads = latestThreads(useThreads());
  return (
    <Dialog title={t.threads} onClose={onClose}>
      {threads.length === 0 && (
        <div className={styles.nothing} data-testid="threads-nothing">
          <strong>{t.noThreads}</strong>
          <p>{t.noThreadsLead}</p>
        </div>
      )}
      {threads.length > 0 && (
        <ul
          className={styles.hits}
          data-testid="thread-list"
          onKeyDown={(event) => moveFocus(event, "button")}
        >
          {threads.map((thread) => (
            <li key={`${thread.room} ${thread.root.position}`}>
              <ThreadRow thread={thread} />
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

/** One of them. */
function ThreadRow({ thread }: { thread: FollowedThread }) {
  const { t, short } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const room = useRoomView(thread.room);
  const self = useSelf();
  const { root, replies, unread } = thread;
  const { sender, text, time, deleted } = root.preview;
  const last = Math.max(replies.time, time);
  return (
    <button
      type="button"
      className={styles.hit}
      data-testid="followed-thread"
      data-unread={unread}
      onClick={() => showThread(thread.room, root.position)}
    >
      <Avatar name={people.name(sender)} seed={sender ?? ""} size="s" />
      <span className={styles.who} dir="auto">
        <strong>{sender === self ? t.you : people.name(sender)}</strong>
        {room && <span> · {roomTitle(room.summary, people)}</span>}
      </span>
      <time dateTime={new Date(last).toISOString()}>{short(last, client.now())}</time>
      <span className={styles.excerpt} dir="auto">
        {deleted ? t.messageDeleted : text || t.unknownMessage}
        <br />
        <small>{t.repliesCount(replies.count)}</small>
        {unread > 0 && (
          <small className={`${own.badge} ${own.fresh}`}>{t.newReplies(unread)}</small>
        )}
      </span>
    </button>
  );
}
