/** The connection, and whose it is. */

import type { ConnectionView, Limits, OwnView, UserId } from "@caffis/chat";
import { useChat } from "./context.tsx";
import { useReadable } from "./useReadable.ts";

/** The state of the connection. */
export function useConnection(): ConnectionView {
  return useReadable(useChat().connection);
}

/** Who is signed in; null until the server has said so. */
export function useSelf(): UserId | null {
  return useReadable(useChat().self);
}

/** How the person who is signed in appears to others. */
export function useOwn(): OwnView {
  return useReadable(useChat().own);
}

/** The server's limits, such as the length of a message; null until the server has said them. */
export function useLimits(): Limits | null {
  return useReadable(useChat().limits);
}
