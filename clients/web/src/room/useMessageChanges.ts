import type { RoomView, UserId } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useCallback, useEffect, useState } from "react";
import { explain } from "../app/chat.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Bubble } from "./timeline.ts";

/** How long it is said why something was refused. */
const PROBLEM_MS = 6_000;

/** Changes messages at once, without asking, and says for a while why one was refused. */
export function useMessageChanges({ id }: RoomView) {
  const { t } = useI18n();
  const client = useChat();
  const [problem, setProblem] = useState<string | null>(null);
  const run = useCallback(
    ({ position }: Bubble, change: (position: number) => Promise<unknown>) => {
      if (position === null) return;
      setProblem(null);
      change(position).catch((error) => setProblem(explain(error, t)));
    },
    [t],
  );
  const react = useCallback(
    (bubble: Bubble, emoji: string, add: boolean) =>
      run(bubble, (position) => client.messages.react(id, position, emoji, add)),
    [client, id, run],
  );
  const pin = (bubble: Bubble, on: boolean) =>
    run(bubble, (position) => client.messages.pin(id, position, on));
  const star = (bubble: Bubble, on: boolean) =>
    run(bubble, (position) => client.messages.star(id, position, on));
  useEffect(() => {
    if (problem === null) return;
    const timer = setTimeout(() => setProblem(null), PROBLEM_MS);
    return () => clearTimeout(timer);
  }, [problem]);
  return { problem, setProblem, react, pin, star };
}

/** What a person has reacted with to a message. */
export function reactedBy({ reactions }: Bubble, self: UserId | null): readonly string[] {
  const own = reactions.filter(({ users }) => self !== null && users.includes(self));
  return own.map(({ emoji }) => emoji);
}
