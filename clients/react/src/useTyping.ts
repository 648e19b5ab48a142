import type { RoomId, RoomView, UserId } from "@caffis/chat";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { useChat } from "./context.tsx";
import { useReadable } from "./useReadable.ts";

/** Typing in a room. */
export interface Typing {
  /** The others who type. */
  readonly users: readonly UserId[];
  /** Says that the person types, or has stopped. Call it on every key: it is sent at a limited rate. */
  readonly setTyping: (active: boolean) => void;
}

/** Who types in a room that is open, and how to say that the person does. It ends when the component goes away. */
export function useTyping(id: RoomId): Typing {
  const client = useChat();
  const users = useReadable(client.room(id), typistsOf);
  const said = useRef(false);
  const setTyping = useCallback(
    (active: boolean) => {
      said.current = active;
      client.typing(id, active);
    },
    [client, id],
  );
  useEffect(
    () => () => {
      if (said.current) setTyping(false);
    },
    [setTyping],
  );
  return useMemo(() => ({ users, setTyping }), [users, setTyping]);
}

const NOBODY: readonly UserId[] = [];

function typistsOf(room: RoomView | null): readonly UserId[] {
  return room?.typing ?? NOBODY;
}
