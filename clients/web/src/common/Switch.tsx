import { useId } from "react";
import styles from "./Switch.module.css";

/** Something that is on or off. */
export function Switch(props: {
  label: string;
  hint: string;
  checked: boolean;
  disabled?: boolean;
  testId: string;
  onChange(checked: boolean): void;
}) {
  const hint = useId();
  return (
    <label className={styles.switch}>
      <span className={styles.words}>
        <span>{props.label}</span>
        <small id={hint}>{props.hint}</small>
      </span>
      <input
        type="checkbox"
        // biome-ignore lint/a11y/useAriaPropsForRole: a checkbox says by itself whether it is checked
        role="switch"
        aria-label={props.label}
        aria-describedby={hint}
        checked={props.checked}
        disabled={props.disabled}
        data-testid={props.testId}
        onChange={(event) => props.onChange(event.target.checked)}
      />
    </label>
  );
}
