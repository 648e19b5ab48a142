import { type RoomId, scheduledIn } from "@caffis/chat";
import { useChat } from "../app/chat.tsx";
import { openDialog } from "../app/route.ts";
import { Icon } from "../common/Icon.tsx";
import { useReadable } from "../common/useReadable.ts";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Scheduled.module.css";

/** Says how many messages this person has scheduled in a room; a click lists them. */
export function ScheduledBar({ room }: { room: RoomId }) {
  const { t } = useI18n();
  const { client } = useChat();
  const messages = scheduledIn(useReadable(client.scheduled.all), room);
  const failed = messages.filter((message) => message.failed !== null).length;
  if (messages.length === 0) return null;
  return (
    <button
      type="button"
      className={styles.bar}
      data-testid="scheduled"
      data-count={messages.length}
      data-failed={failed}
      onClick={() => openDialog("scheduled-room")}
    >
      <Icon name={failed > 0 ? "warn" : "clock"} size={16} />
      <span>{t.scheduledCount(messages.length)}</span>
      {failed > 0 && <strong>{t.scheduledFailedCount(failed)}</strong>}
    </button>
  );
}
