import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Room.module.css";

/** Shown while no conversation is open. */
export function EmptyRoom() {
  const { t } = useI18n();
  return (
    <div className={styles.empty}>
      <span className={styles.mark}>
        <Icon name="cup" size={30} />
      </span>
      <h2>{t.pickConversation}</h2>
      <p>{t.pickConversationLead}</p>
    </div>
  );
}
