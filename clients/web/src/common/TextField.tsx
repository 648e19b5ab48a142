import type { ReactNode } from "react";
import controls from "./controls.module.css";

/** A line of text with its label above it. */
export function TextField(props: {
  label: string;
  value: string;
  placeholder?: string;
  testId?: string;
  /** The button beside the field. */
  children?: ReactNode;
  onChange(value: string): void;
}) {
  const { label, value, placeholder, testId, children, onChange } = props;
  return (
    <label>
      <span className={controls.label}>{label}</span>
      <span className={controls.line}>
        <input
          className={controls.field}
          value={value}
          placeholder={placeholder}
          dir="auto"
          data-testid={testId}
          autoComplete="off"
          onChange={(event) => onChange(event.target.value)}
        />
        {children}
      </span>
    </label>
  );
}
