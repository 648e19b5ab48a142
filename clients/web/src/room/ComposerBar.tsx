import controls from "../common/controls.module.css";
import { Icon, type IconName } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./ComposerBar.module.css";

const ICONS: Readonly<Record<"edit" | "reply", IconName>> = { edit: "write", reply: "reply" };

/** Says above the composer which message is being edited or answered. */
export function ComposerBar(props: {
  /** What is done. */
  kind: "edit" | "reply";
  title: string;
  text: string;
  onClose(): void;
}) {
  const { t } = useI18n();
  const { kind, title, text, onClose } = props;
  return (
    <div className={styles.bar} data-testid={`${kind}-bar`}>
      <span className={styles.mark}>
        <Icon name={ICONS[kind]} size={18} />
      </span>
      <span className={styles.words}>
        <strong dir="auto">{title}</strong>
        <span dir="auto">{text}</span>
      </span>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.cancel}
        title={t.cancel}
        data-testid={`${kind}-cancel`}
        onClick={onClose}
      >
        <Icon name="close" size={18} />
      </button>
    </div>
  );
}
