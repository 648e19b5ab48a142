import { useChat, useUnread } from "@caffis/chat-react";
import { useEffect, useRef } from "react";
import { useSharing } from "../cards/useSharing.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { EmptyRoom } from "../room/EmptyRoom.tsx";
import { DETAILS_BUTTON } from "../room/Header.tsx";
import { Room } from "../room/Room.tsx";
import { RoomList } from "../rooms/RoomList.tsx";
import { laterView } from "./later.tsx";
import { REGION, useRegions } from "./regions.ts";
import { openDialog, showDetails, showThread, useRoute } from "./route.ts";
import styles from "./Shell.module.css";

const Details = laterView((views) => views.Details);
const ThreadPanel = laterView((views) => views.ThreadPanel);

/** List, conversation and details beside each other, or one at a time on a phone. */
export function Shell() {
  const { t } = useI18n();
  const client = useChat();
  const { room, details, thread } = useRoute();
  const { rooms: unread } = useUnread();

  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t.appName}` : t.appName;
  }, [unread, t]);

  useRegions();
  useSharing(client);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      if (event.altKey || event.shiftKey || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      openDialog("search");
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  // When the details close, return the focus to their button, unless it was moved.
  const shown = useRef(false);
  useEffect(() => {
    if (shown.current && !details && document.activeElement === document.body) {
      document.getElementById(DETAILS_BUTTON)?.focus();
    }
    shown.current = details;
  }, [details]);

  const beside = room !== null && (details || thread !== null);
  const view = room === null ? "list" : beside ? "details" : "room";
  return (
    <div className={styles.shell} data-view={view} data-details={beside}>
      <button type="button" className={styles.skip} onClick={skip}>
        {t.skipToMessages}
      </button>
      <nav className={`${styles.pane} ${styles.list}`} aria-label={t.conversations} {...REGION}>
        <RoomList selected={room} />
      </nav>
      <main className={`${styles.pane} ${styles.room}`}>
        {room === null ? (
          <EmptyRoom />
        ) : (
          <Room key={room} id={room} details={details} onDetails={() => showDetails(!details)} />
        )}
      </main>
      {room !== null && details && (
        <aside className={styles.pane} aria-label={t.details} {...REGION}>
          <Details key={room} id={room} onClose={() => showDetails(false)} />
        </aside>
      )}
      {room !== null && thread !== null && (
        <aside className={styles.pane} aria-label={t.thread} data-testid="thread" {...REGION}>
          <ThreadPanel
            key={`${room} ${thread}`}
            id={room}
            root={thread}
            onClose={() => showThread(room, null)}
          />
        </aside>
      )}
    </div>
  );
}

function skip() {
  const messages = document.getElementById("messages");
  (messages?.querySelector<HTMLElement>('[tabindex="0"]') ?? messages)?.focus();
}
