import type { Readable } from "@caffis/chat";
import { useSyncExternalStore } from "react";

/** Reads something of the client and renders again when it changes. */
export function useReadable<T>(readable: Readable<T>): T {
  return useSyncExternalStore(readable.subscribe, readable.getSnapshot);
}
