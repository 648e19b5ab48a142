import { useEffect, useRef } from "react";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Icon, type IconName } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./SelectionBar.module.css";
import { MOST_FORWARDED, type SelectionActions } from "./selection.ts";

/** How many messages are selected, and what can be done with them. */
export function SelectionBar(props: {
  count: number;
  actions: SelectionActions;
  onForward(): void;
  onDelete(): void;
  onStar(star: boolean): Promise<void>;
  onEnd(): void;
}) {
  const { t } = useI18n();
  const { count, actions, onForward, onDelete, onStar, onEnd } = props;
  const action = useAction();
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The menu that began it is gone, and with it the focus.
    if (document.activeElement === document.body) bar.current?.querySelector("button")?.focus();
  }, []);
  const star = actions.star ?? "star";
  return (
    <div
      ref={bar}
      className={styles.bar}
      role="toolbar"
      aria-label={t.selection}
      data-testid="selection"
    >
      <button
        type="button"
        className={controls.icon}
        aria-label={t.endSelection}
        title={t.endSelection}
        data-testid="selection-end"
        onClick={onEnd}
      >
        <Icon name="close" />
      </button>
      <span className={styles.count} role="status" data-testid="selection-count">
        {t.selected(count)}
      </span>
      <Tool
        icon="forward"
        label={count > MOST_FORWARDED ? t.forwardMost(MOST_FORWARDED) : t.forwardNow}
        id="forward"
        disabled={!actions.forward}
        onUse={onForward}
      />
      <Tool
        icon="star"
        label={t.actions[star]}
        id="star"
        disabled={action.busy || actions.star === null}
        onUse={() => void action.run(() => onStar(star === "star"))}
      />
      <Tool icon="bin" label={t.delete} id="delete" disabled={count === 0} onUse={onDelete} />
      <Problem action={action} />
    </div>
  );
}

function Tool(props: {
  icon: IconName;
  label: string;
  id: string;
  disabled: boolean;
  onUse(): void;
}) {
  const { icon, label, id, disabled, onUse } = props;
  return (
    <button
      type="button"
      className={controls.icon}
      aria-label={label}
      title={label}
      disabled={disabled}
      data-testid={`selection-${id}`}
      onClick={onUse}
    >
      <Icon name={icon} />
    </button>
  );
}
