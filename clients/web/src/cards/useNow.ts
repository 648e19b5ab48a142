import { useChat } from "@caffis/chat-react";
import { useEffect, useState } from "react";

/** How often what depends on the time is drawn again, in milliseconds. */
const EVERY_MS = 5_000;

/** The server's time, a few seconds old at most. */
export function useNow(): number {
  const client = useChat();
  const [now, setNow] = useState(() => client.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(client.now()), EVERY_MS);
    return () => clearInterval(timer);
  }, [client]);
  // What was just heard is not in the future.
  return Math.max(now, client.now());
}
