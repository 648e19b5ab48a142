import { useState } from "react";

/** What was filled in and not sent, by the key of its form. */
const kept = new Map<string, unknown>();

/** A state that outlives its component: what was filled in is there when the form opens again, until it is forgotten. */
export function useKept<T>(key: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState(() => (kept.has(key) ? (kept.get(key) as T) : initial));
  const keep = (next: T) => {
    kept.set(key, next);
    setValue(next);
  };
  return [value, keep];
}

/** Forgets what was filled in: it was sent, or given up. */
export function forget(key: string): void {
  kept.delete(key);
}
