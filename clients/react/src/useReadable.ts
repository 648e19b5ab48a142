import type { Readable } from "@caffis/chat";
import { useSyncExternalStore } from "react";

/** Reads something of the client, and renders again when it changes. */
export function useReadable<T>(readable: Readable<T>): T;
/**
 * Reads a part of something of the client, and renders again when that part changes. `select` gives what is in the
 * value, never a new object: for the same value it has to give the same answer.
 */
export function useReadable<T, Part>(readable: Readable<T>, select: (value: T) => Part): Part;
export function useReadable<T, Part>(
  { getSnapshot, subscribe }: Readable<T>,
  select?: (value: T) => Part,
): T | Part {
  const read = select ? () => select(getSnapshot()) : getSnapshot;
  return useSyncExternalStore<T | Part>(subscribe, read, read);
}
