import controls from "./controls.module.css";
import { Icon } from "./Icon.tsx";
import styles from "./Select.module.css";

/** One of a few values, where there is no room to show them all. */
export function Select<Value extends string>(props: {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  testId: string;
  onChange(value: Value): void;
}) {
  const { label, value, options, testId, onChange } = props;
  return (
    <label>
      <span className={controls.label}>{label}</span>
      <span className={styles.select}>
        <select
          className={controls.field}
          value={value}
          data-testid={testId}
          onChange={(event) => onChange(event.target.value as Value)}
        >
          {options.map(([each, words]) => (
            <option key={each} value={each}>
              {words}
            </option>
          ))}
        </select>
        <Icon name="lower" size={18} />
      </span>
    </label>
  );
}
