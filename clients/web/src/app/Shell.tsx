import { useEffect, useState } from "react";
import { useReadable } from "../common/useReadable.ts";
import { Details } from "../details/Details.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { EmptyRoom } from "../room/EmptyRoom.tsx";
import { Room } from "../room/Room.tsx";
import { RoomList } from "../rooms/RoomList.tsx";
import { useChat } from "./chat.tsx";
import { useRoute } from "./route.ts";
import styles from "./Shell.module.css";

/** List, conversation and details beside each other, or one at a time on a phone. */
export function Shell() {
  const { t } = useI18n();
  const { client } = useChat();
  const room = useRoute();
  const [details, setDetails] = useState(false);
  const { rooms } = useReadable(client.rooms);
  const unread = rooms.reduce((sum, summary) => sum + (summary.unread > 0 ? 1 : 0), 0);

  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t.appName}` : t.appName;
  }, [unread, t]);

  const view = room === null ? "list" : details ? "details" : "room";
  return (
    <div className={styles.shell} data-view={view} data-details={room !== null && details}>
      <button type="button" className={styles.skip} onClick={skip}>
        {t.skipToMessages}
      </button>
      <nav className={`${styles.pane} ${styles.list}`} aria-label={t.conversations}>
        <RoomList selected={room} />
      </nav>
      <main className={`${styles.pane} ${styles.room}`}>
        {room === null ? (
          <EmptyRoom />
        ) : (
          <Room key={room} id={room} details={details} onDetails={() => setDetails(!details)} />
        )}
      </main>
      {room !== null && details && (
        <aside className={styles.pane} aria-label={t.details}>
          <Details key={room} id={room} onClose={() => setDetails(false)} />
        </aside>
      )}
    </div>
  );
}

function skip() {
  document.getElementById("messages")?.focus();
}
