import type { RoomId, Tally } from "@caffis/chat";
import { useChat, useConnection, useRoomView } from "@caffis/chat-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { asksAgain } from "./polls.ts";

/** What this person has chosen in a poll. */
export interface OwnChoice {
  /** Null until the server has said so. */
  readonly choices: readonly number[] | null;
  /** The person chooses something else here. */
  set(choices: readonly number[]): void;
}

/**
 * What this person has chosen, also on their other devices. No event says so: it is asked for with each session, when
 * the person comes back to the page, and in small rooms with each tally.
 */
export function useOwnChoice(
  room: RoomId,
  position: number | null,
  tally: Tally | null,
): OwnChoice {
  const client = useChat();
  const { phase } = useConnection();
  const summary = useRoomView(room)?.summary;
  const visits = useVisits();
  const [choices, setChoices] = useState<readonly number[] | null>(null);
  const asking = useRef<AbortController>(null);
  const turn = summary && asksAgain(summary) ? tally : null;
  useEffect(() => {
    void turn;
    void visits;
    if (position === null || phase !== "online") return;
    const gone = new AbortController();
    asking.current = gone;
    client.polls.results(room, position, gone.signal).then(
      ({ own }) => gone.signal.aborted || setChoices(own),
      // The next session asks again.
      () => {},
    );
    return () => gone.abort();
  }, [client, room, position, phase, turn, visits]);
  const set = useCallback((now: readonly number[]) => {
    // What was asked before says what was chosen before.
    asking.current?.abort();
    setChoices(now);
  }, []);
  return { choices, set };
}

/** How often the person has come back to the page. */
function useVisits(): number {
  const [visits, setVisits] = useState(0);
  useEffect(() => {
    const looks = () => {
      if (document.visibilityState === "visible") setVisits((before) => before + 1);
    };
    document.addEventListener("visibilitychange", looks);
    return () => document.removeEventListener("visibilitychange", looks);
  }, []);
  return visits;
}
