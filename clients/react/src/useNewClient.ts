import type { ChatClient } from "@caffis/chat";
import { useEffect, useState } from "react";

/**
 * Makes a client and ends it: when the component goes away, or when `make` is another function. Give it a function
 * of the module or from `useCallback`, and null while nobody is signed in. Null until the client is made.
 */
export function useNewClient(make: (() => ChatClient) | null): ChatClient | null {
  const [made, setMade] = useState<{ make: () => ChatClient; client: ChatClient } | null>(null);
  useEffect(() => {
    if (make === null) return;
    const client = make();
    setMade({ make, client });
    return () => {
      client.dispose();
      setMade(null);
    };
  }, [make]);
  // While another client is being made, nobody gets the one before it.
  return made?.make === make ? made.client : null;
}
