import { unreadThreads } from "@caffis/chat";
import { useThreads } from "@caffis/chat-react";
import { openDialog } from "../app/route.ts";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./ThreadPanel.module.css";

/** Leads to the threads that the person follows, once there are any; says how many have something new. */
export function ThreadsEntry() {
  const { t } = useI18n();
  const followed = useThreads();
  const unread = unreadThreads(followed);
  if (followed.size === 0) return null;
  return (
    <button
      type="button"
      className={styles.entry}
      data-testid="threads"
      data-unread={unread}
      onClick={() => openDialog("threads")}
    >
      <Icon name="thread" size={18} />
      {t.threads}
      {unread > 0 && (
        <span className={styles.badge}>
          <span aria-hidden="true">{unread}</span>
          <span className="visually-hidden">{t.unreadThreads(unread)}</span>
        </span>
      )}
    </button>
  );
}
