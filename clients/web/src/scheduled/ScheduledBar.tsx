import { type RoomId, scheduledIn } from "@caffis/chat";
import { useScheduled } from "@caffis/chat-react";
import { openDialog } from "../app/route.ts";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import threads from "../threads/ThreadPanel.module.css";
import { type Counts, countsOf } from "./counts.ts";
import styles from "./Scheduled.module.css";

/** Says how many messages this person has scheduled in a room; a click lists them. */
export function ScheduledBar({ room }: { room: RoomId }) {
  const counts = countsOf(scheduledIn(useScheduled(), room));
  if (counts.all === 0) return null;
  return (
    <button
      type="button"
      className={styles.bar}
      data-testid="scheduled"
      data-count={counts.all}
      data-failed={counts.failed}
      onClick={() => openDialog("scheduled-room")}
    >
      <Said counts={counts} size={16} />
    </button>
  );
}

/** Leads to what this person has scheduled in all conversations, once there is anything. */
export function ScheduledEntry() {
  const counts = countsOf(useScheduled().values());
  if (counts.all === 0) return null;
  return (
    <button
      type="button"
      className={`${threads.entry} ${styles.entry}`}
      data-testid="all-scheduled"
      data-count={counts.all}
      data-failed={counts.failed}
      onClick={() => openDialog("scheduled")}
    >
      <Said counts={counts} size={18} />
    </button>
  );
}

function Said({ counts: { all, failed }, size }: { counts: Counts; size: number }) {
  const { t } = useI18n();
  return (
    <>
      <Icon name={failed > 0 ? "warn" : "clock"} size={size} />
      <span>{t.scheduledCount(all)}</span>
      {failed > 0 && <strong>{t.scheduledFailedCount(failed)}</strong>}
    </>
  );
}
