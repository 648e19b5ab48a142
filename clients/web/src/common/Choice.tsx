import styles from "./Choice.module.css";
import controls from "./controls.module.css";

/** One of a few values, side by side. */
export function Choice<Value extends string>(props: {
  legend: string;
  /** Whether the legend is for screen readers only: something beside it says the same. */
  quiet?: boolean;
  name: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  disabled?: boolean;
  onChange(value: Value): void;
}) {
  return (
    <fieldset disabled={props.disabled}>
      <legend className={props.quiet ? "visually-hidden" : controls.label}>{props.legend}</legend>
      <div className={styles.options}>
        {props.options.map(([value, label]) => (
          <label key={value} className={styles.option}>
            <input
              type="radio"
              name={props.name}
              value={value}
              checked={value === props.value}
              onChange={() => props.onChange(value)}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
