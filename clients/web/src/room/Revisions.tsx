import { messageText, type Revision, type RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useEffect, useState } from "react";
import { explain } from "../app/chat.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Revisions.module.css";
import type { Bubble } from "./timeline.ts";

/** What a message said before it was edited. */
export function Revisions(props: { room: RoomView; bubble: Bubble; onClose(): void }) {
  const { t, time } = useI18n();
  const client = useChat();
  const { room, bubble, onClose } = props;
  const [revisions, setRevisions] = useState<readonly Revision[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const { position } = bubble;
  useEffect(() => {
    const shown = new AbortController();
    if (position !== null) {
      client.messages.revisions(room.id, position, shown.signal).then(setRevisions, (failure) => {
        if (!shown.signal.aborted) setError(failure);
      });
    }
    return () => shown.abort();
  }, [client, room.id, position]);
  return (
    <Dialog title={t.revisions} onClose={onClose}>
      {error !== null && (
        <p className={controls.error} role="alert">
          {explain(error, t)}
        </p>
      )}
      {error === null && revisions === null && <p role="status">{t.loading}</p>}
      {revisions && (
        <ol className={styles.list} data-testid="revisions">
          {revisions.map((revision) => (
            <li key={revision.revision}>
              <time dateTime={new Date(revision.time).toISOString()}>{time(revision.time)}</time>
              <p dir="auto">{messageText(revision) ?? t.unknownMessage}</p>
            </li>
          ))}
        </ol>
      )}
    </Dialog>
  );
}
