import type { RoomSummary } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useEffect, useReducer } from "react";

/** The longest wait of a browser's timer, in milliseconds; what ends later is looked at again then. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** Whether a room is muted; renders again when that ends. */
export function useMuted({ mutedUntil }: RoomSummary): boolean {
  const client = useChat();
  const [looks, lookAgain] = useReducer((count: number) => count + 1, 0);
  const left = mutedUntil === null ? 0 : mutedUntil - client.now();
  // With `looks`, a timer that ran early is set once more.
  useEffect(() => {
    const wait = mutedUntil === null ? 0 : mutedUntil - client.now();
    if (wait <= 0) return;
    const timer = setTimeout(lookAgain, Math.min(wait, LONGEST_WAIT));
    return () => clearTimeout(timer);
  }, [client, mutedUntil, looks]);
  return left > 0;
}
