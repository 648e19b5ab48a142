import { type Mentions, ROOM_MENTION_MEMBERS, type RoomView, type UserId } from "@caffis/chat";
import {
  type KeyboardEvent,
  type RefObject,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { People } from "../app/chat.tsx";
import {
  type Completion,
  complete,
  completions,
  EVERYBODY,
  type Mentionable,
  mentionsIn,
  wordAt,
} from "./mentions.ts";

/** Completes mentions in a field while they are written. */
export function useMention(options: {
  room: RoomView;
  people: People;
  self: UserId | null;
  text: string;
  field: RefObject<HTMLTextAreaElement | null>;
  setText(text: string): void;
}) {
  const { room, people, self, text, field, setText } = options;
  const id = useId();
  const [caret, setCaret] = useState(0);
  const [active, setActive] = useState(0);
  /** The word of which the list was closed. */
  const [closed, setClosed] = useState<number | null>(null);
  const chosen = useRef<Mentionable[]>([]);
  const next = useRef<number | null>(null);
  const { summary, members } = room;
  const known = useMemo(
    () =>
      (members ?? []).map(({ profile }) => ({
        user: profile.user,
        name: people.name(profile.user),
      })),
    [members, people.name],
  );
  const offered = known.filter(({ user }) => user !== self);
  const everybody =
    summary.peer === null &&
    (summary.role === "admin" || summary.role === "owner") &&
    summary.members <= ROOM_MENTION_MEMBERS;
  const word = summary.class === "public" ? null : wordAt(text, caret);
  const found = word && word.start !== closed ? completions(word.query, offered, everybody) : [];
  const at = Math.min(active, found.length - 1);

  useLayoutEffect(() => {
    if (next.current === null) return;
    field.current?.setSelectionRange(next.current, next.current);
    next.current = null;
  });

  const choose = (option: Completion) => {
    if (!word) return;
    if (option !== EVERYBODY) chosen.current = [option, ...chosen.current];
    const after = complete(text, caret, word, option);
    next.current = after.caret;
    setCaret(after.caret);
    setActive(0);
    setText(after.text);
    field.current?.focus();
  };

  return {
    id,
    found,
    active: at,
    choose,
    /** The caret moved, or something was written. */
    onCaret: () => {
      const now = field.current?.selectionStart ?? 0;
      if (now !== caret) setActive(0);
      setCaret(now);
      if (wordAt(field.current?.value ?? "", now)?.start !== closed) setClosed(null);
    },
    /** Takes a key that belongs to the list; says whether it did. */
    onKey: (event: KeyboardEvent): boolean => {
      const option = found[at];
      if (!option || !word || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) {
        return false;
      }
      switch (event.key) {
        case "ArrowDown":
          setActive((at + 1) % found.length);
          return true;
        case "ArrowUp":
          setActive((at - 1 + found.length) % found.length);
          return true;
        case "Enter":
        case "Tab":
          choose(option);
          return true;
        case "Escape":
          setClosed(word.start);
          return true;
        default:
          return false;
      }
    },
    /** Whom a text mentions; `before` are those of the message that is edited. */
    mentions: (written: string, before: Mentions | null = null, said = ""): Mentions => {
      const of = (users: readonly UserId[]) =>
        users.map((user) => ({ user, name: people.name(user) }));
      const all = [...chosen.current, ...of(before?.users ?? []), ...known];
      const now = mentionsIn(written, all, everybody || before?.room === true);
      // Whom the words do not name, somebody mentioned otherwise: they stay.
      const named = mentionsIn(said, all, true);
      const silent = (before?.users ?? []).filter((user) => !named.users.includes(user));
      const users = [...now.users, ...silent.filter((user) => !now.users.includes(user))];
      return { users, room: now.room || (before?.room === true && !named.room) };
    },
  };
}
