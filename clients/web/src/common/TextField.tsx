import type { ReactNode } from "react";
import controls from "./controls.module.css";
import { FIRST } from "./Dialog.tsx";

/** A line of text with its label above it. */
export function TextField(props: {
  label: string;
  value: string;
  placeholder?: string;
  testId?: string;
  /** Whether it has the focus when its window opens. */
  first?: boolean;
  /** The button beside the field. */
  children?: ReactNode;
  onChange(value: string): void;
}) {
  const { label, value, placeholder, testId, first = false, children, onChange } = props;
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
          {...(first && FIRST)}
          autoComplete="off"
          onChange={(event) => onChange(event.target.value)}
        />
        {children}
      </span>
    </label>
  );
}
