import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./EditBar.module.css";

/** Says above the composer which message is being edited. */
export function EditBar({ text, onCancel }: { text: string; onCancel(): void }) {
  const { t } = useI18n();
  return (
    <div className={styles.bar} data-testid="edit-bar">
      <span className={styles.mark}>
        <Icon name="write" size={18} />
      </span>
      <span className={styles.words}>
        <strong>{t.editing}</strong>
        <span dir="auto">{text}</span>
      </span>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.cancel}
        title={t.cancel}
        data-testid="edit-cancel"
        onClick={onCancel}
      >
        <Icon name="close" size={18} />
      </button>
    </div>
  );
}
