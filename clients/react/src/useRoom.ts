import type { ChatClient, RoomId, RoomView } from "@caffis/chat";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useChat } from "./context.tsx";
import { hold } from "./held.ts";
import { useReadable } from "./useReadable.ts";

/** A room that is open. */
export interface OpenedRoom {
  /** What the client knows of it; null while it is not known, and when it is no longer this person's. */
  readonly room: RoomView | null;
  /** Why it could not be opened; null for no reason. */
  readonly error: unknown;
  /** Whether it was known here and no longer is: the person left it, or was removed. */
  readonly gone: boolean;
  /** Tries to open it again. */
  readonly retry: () => void;
}

/** A room as far as the client knows it, without opening it; null while it is not known. */
export function useRoomView(id: RoomId): RoomView | null {
  return useReadable(useChat().room(id));
}

/**
 * Opens a room and keeps it open: its messages are here and kept up to date, and in a public room the person is there.
 * When the last component that shows the room goes away, it is closed. A room that the server could not read is opened
 * again once it can be.
 */
export function useRoom(id: RoomId): OpenedRoom {
  const client = useChat();
  const room = useRoomView(id);
  /** What is remembered is of this room of this client. */
  const place = useMemo(() => ({ client, id }), [client, id]);
  const [known, setKnown] = useState<Place | null>(null);
  const [failure, setFailure] = useState<{ place: Place; error: unknown } | null>(null);
  const [attempt, setAttempt] = useState(0);
  const retry = useCallback(() => setAttempt((attempts) => attempts + 1), []);
  if (room !== null && known !== place) setKnown(place);

  useEffect(() => {
    void attempt;
    setFailure(null);
    let shown = true;
    const release = hold(place.client, place.id);
    place.client.open(place.id).catch((error: unknown) => {
      if (shown) setFailure({ place, error });
    });
    return () => {
      shown = false;
      release();
    };
  }, [place, attempt]);

  const open = room?.open ?? false;
  // Another component may have opened it.
  if (open && failure !== null) setFailure(null);
  const readable = room?.summary.readable ?? true;
  const before = useRef({ place, readable });
  useEffect(() => {
    const was = before.current;
    before.current = { place, readable };
    if (was.place === place && !was.readable && readable && !open) retry();
  }, [place, readable, open, retry]);

  const error = failure?.place === place ? failure.error : null;
  const gone = room === null && known === place;
  return useMemo(() => ({ room, error, gone, retry }), [room, error, gone, retry]);
}

/** A room of a client. */
interface Place {
  readonly client: ChatClient;
  readonly id: RoomId;
}
