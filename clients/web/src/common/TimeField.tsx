import { useId } from "react";
import controls from "./controls.module.css";
import { fieldOf } from "./times.ts";

const DAY_MS = 86_400_000;

/** A time that is still to come, on the reader's clock. */
export function TimeField(props: {
  label: string;
  /** As the browser's field has it; see {@link fieldOf}. */
  value: string;
  /** The earliest time, and how many days after it the latest is. */
  from: number;
  days: number;
  /** Whether what is chosen is over. */
  past: boolean;
  testId: string;
  onChange(value: string): void;
}) {
  const id = useId();
  const { label, value, from, days, past, testId, onChange } = props;
  return (
    <label htmlFor={id}>
      <span className={controls.label}>{label}</span>
      <input
        id={id}
        type="datetime-local"
        className={controls.field}
        value={value}
        min={fieldOf(from)}
        max={fieldOf(from + days * DAY_MS)}
        aria-invalid={past}
        data-testid={testId}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
