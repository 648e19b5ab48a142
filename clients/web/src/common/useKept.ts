import { useState } from "react";

/** Before the key of what is kept in the tab. */
const PREFIX = "caffis.kept.";

/**
 * A state that outlives its component and a reload of the tab: what was begun is there when it shows again, until it
 * has its initial value again or is forgotten. It is kept as JSON, so another shape needs another key.
 */
export function useKept<T>(key: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState(() => {
    const text = sessionStorage.getItem(PREFIX + key);
    return text === null ? initial : (JSON.parse(text) as T);
  });
  const keep = (next: T) => {
    if (next === initial) forget(key);
    else sessionStorage.setItem(PREFIX + key, JSON.stringify(next));
    setValue(next);
  };
  return [value, keep];
}

/** Forgets what was begun: it was sent, or given up. */
export function forget(key: string): void {
  sessionStorage.removeItem(PREFIX + key);
}
