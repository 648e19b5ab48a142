import { type Entry, type RoomId, type RoomView, threadOf } from "@caffis/chat";
import { type ShownThread, useChat, useRoomView, useThread } from "@caffis/chat-react";
import { type RefObject, useCallback, useEffect, useRef } from "react";
import { explain, roomTitle, usePeople } from "../app/chat.tsx";
import { usePlace } from "../app/place.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { BarredComposer } from "../room/BarredComposer.tsx";
import { Composer, type ComposerHandle } from "../room/Composer.tsx";
import { barredFrom } from "../room/writing.ts";
import styles from "./ThreadPanel.module.css";
import { ThreadReplies } from "./ThreadReplies.tsx";

/** A message and the replies in its thread, beside the conversation. */
export function ThreadPanel(props: { id: RoomId; root: number; onClose(): void }) {
  const { t } = useI18n();
  const people = usePeople(t);
  const { id, root, onClose } = props;
  const room = useRoomView(id);
  // Whoever was led to a reply begins there.
  const thread = useThread(id, root, usePlace(id, root)?.thread?.number);
  const { page, error } = thread;
  const composer = useRef<ComposerHandle>(null);

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
      if (!document.querySelector("dialog[open], [role=menu]")) onClose();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [onClose]);
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // On a phone the panel replaces the element that had the focus.
    const { activeElement } = document;
    if (activeElement === document.body || activeElement?.getClientRects().length === 0) {
      close.current?.focus();
    }
  }, []);
  useReadReplies(id, root, thread);

  return (
    <>
      <header className={styles.top}>
        <div>
          <h2>{t.thread}</h2>
          {room && <p dir="auto">{roomTitle(room.summary, people)}</p>}
        </div>
        {room && page && room.summary.role !== null && (
          <Follow id={id} root={root} following={thread.following} />
        )}
        <button
          ref={close}
          type="button"
          className={controls.icon}
          aria-label={t.closeThread}
          data-testid="close-thread"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      {error !== null && (
        <div className={styles.failed} role="alert">
          <p>{explain(error, t)}</p>
          <button type="button" className={controls.button} onClick={thread.retry}>
            {t.tryAgain}
          </button>
        </div>
      )}
      {room && page ? (
        <ThreadReplies room={room} thread={thread} root={root} composer={composer} />
      ) : (
        <p className={styles.loading} role="status">
          {error === null ? t.loading : ""}
        </p>
      )}
      {room && page && <Writing room={room} root={page.root} composer={composer} />}
    </>
  );
}

/** The field for replies, or why there is none. */
function Writing(props: {
  room: RoomView;
  root: Entry;
  composer: RefObject<ComposerHandle | null>;
}) {
  const { t } = useI18n();
  const { room, root, composer } = props;
  const { kind, position } = root;
  const barred = barredFrom(room);
  if (barred !== null) return <BarredComposer why={barred} />;
  if (kind.type === "message" && kind.value.body.type === "deleted") {
    return <p className={styles.over}>{t.threadOver}</p>;
  }
  return <Composer ref={composer} room={room} thread={position} />;
}

/** Follows the thread, or no longer. */
function Follow({ id, root, following }: { id: RoomId; root: number; following: boolean }) {
  const { t } = useI18n();
  const client = useChat();
  const action = useAction();
  return (
    <>
      <button
        type="button"
        className={`${controls.button} ${controls.soft} ${styles.follow}`}
        aria-pressed={following}
        disabled={action.busy}
        data-testid="follow-thread"
        onClick={() => void action.run(() => client.threads.follow(id, root, !following))}
      >
        {following ? t.followingThread : t.followThread}
      </button>
      <Problem action={action} />
    </>
  );
}

/** Says that the person has read what is shown, while they look at the page. */
function useReadReplies(id: RoomId, root: number, { page, following, read }: ShownThread): void {
  const client = useChat();
  const end = page && !page.moreAfter ? page.replies.at(-1) : undefined;
  const extras = end?.kind.type === "message" ? end.kind.value.extras : [];
  const last = threadOf(extras)?.number ?? 0;
  const mark = useCallback(() => {
    if (!following || last <= read || document.visibilityState !== "visible") return;
    client.threads.markRead(id, root, last).catch(() => {
      // The next reply, or the next look at the thread, says it again.
    });
  }, [client, id, root, following, last, read]);
  useEffect(() => {
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [mark]);
}
