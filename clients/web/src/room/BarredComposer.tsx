import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Composer.module.css";
import type { Barred } from "./writing.ts";

/** Says why the person may not write here, in the place of the field. */
export function BarredComposer({ why }: { why: Barred }) {
  const { t } = useI18n();
  return (
    <p className={styles.barred} role="status" data-testid="barred" data-why={why}>
      <Icon name="lock" size={18} />
      {t.barred[why]}
    </p>
  );
}
