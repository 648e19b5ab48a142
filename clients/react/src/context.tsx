/** Gives a client to the components that use it. */

import type { ChatClient } from "@caffis/chat";
import { createContext, type ReactNode, useContext } from "react";

/** What {@link ChatProvider} takes. */
export interface ChatProviderProps {
  /** The client that the hooks use. Who made it ends it: `useNewClient` does. */
  readonly client: ChatClient;
  readonly children?: ReactNode;
}

const Context = createContext<ChatClient | null>(null);

/** Gives a client to everything inside it. */
export function ChatProvider({ client, children }: ChatProviderProps): ReactNode {
  return <Context value={client}>{children}</Context>;
}

/** The client of the {@link ChatProvider} around this component. */
export function useChat(): ChatClient {
  const client = useContext(Context);
  if (!client) throw new Error("useChat needs a ChatProvider around it");
  return client;
}
