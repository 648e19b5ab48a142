import { useSelf, useUnread } from "@caffis/chat-react";
import { usePeople } from "../app/chat.tsx";
import { openDialog } from "../app/route.ts";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./RoomList.module.css";

/** What stands above the list: searching, a new conversation, and oneself. */
export function ListTop() {
  const { t } = useI18n();
  const people = usePeople(t);
  const self = useSelf();
  const { mentions } = useUnread();
  return (
    <header className={styles.top}>
      <h1>{t.appName}</h1>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.search}
        title={t.search}
        data-testid="search"
        onClick={() => openDialog("search")}
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        className={`${controls.icon} ${styles.inbox}`}
        aria-label={mentions > 0 ? `${t.mentions}: ${t.mentionsYouCount(mentions)}` : t.mentions}
        title={t.mentions}
        data-testid="mentions"
        data-unread={mentions}
        onClick={() => openDialog("mentions")}
      >
        <Icon name="at" />
        {mentions > 0 && <span className={styles.dot} />}
      </button>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.stars}
        title={t.stars}
        data-testid="stars"
        onClick={() => openDialog("stars")}
      >
        <Icon name="star" />
      </button>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.newConversation}
        title={t.newConversation}
        data-testid="new-conversation"
        onClick={() => openDialog("new")}
      >
        <Icon name="write" />
      </button>
      <button
        type="button"
        className={styles.me}
        aria-label={`${t.settings}: ${self ? `${people.name(self)}, ${t[people.availability(self)]}` : ""}`}
        title={t.settings}
        data-testid="settings"
        onClick={() => openDialog("settings")}
      >
        <Avatar
          name={self ? people.name(self) : " "}
          seed={self ?? ""}
          size="s"
          availability={self ? people.availability(self) : undefined}
        />
      </button>
    </header>
  );
}
