import { type Mentions, ROOM_MENTION_MEMBERS, type RoomView, type UserId } from "@caffis/chat";
import { useMemo, useRef } from "react";
import type { People } from "../app/chat.tsx";
import { Avatar } from "../common/Avatar.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Completed, Offer } from "./completion.ts";
import {
  type Completion,
  completions,
  EVERYBODY,
  type Mentionable,
  mentionsIn,
} from "./mentions.ts";

/** Whom the words of a room can mention, and whom a text does. */
export function useMention(options: { room: RoomView; people: People; self: UserId | null }) {
  const { room, people, self } = options;
  const { t } = useI18n();
  const chosen = useRef<Mentionable[]>([]);
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
  const asOffer = (option: Completion): Offer => {
    if (option === EVERYBODY) {
      const picture = <Avatar name={t.everybodyHere} seed={EVERYBODY} icon="group" size="s" />;
      const written = `@${EVERYBODY}`;
      return { id: EVERYBODY, picture, name: t.everybodyHere, hint: written, written };
    }
    const { user, name } = option;
    return {
      ...{ id: user, name, hint: `@${user}`, written: `@${name}` },
      picture: <Avatar name={name} seed={user} size="s" />,
      onChosen: () => {
        chosen.current = [option, ...chosen.current];
      },
    };
  };
  const completed: Completed = {
    ...{ kind: "mention", sign: "@", label: t.mentionWhom },
    offersFor: (query) =>
      summary.class === "public" ? [] : completions(query, offered, everybody).map(asOffer),
  };

  return {
    completed,
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
