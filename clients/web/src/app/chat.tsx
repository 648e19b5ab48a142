/** The client of the page, and what the page derives from it. */

import {
  type Availability,
  type ChatClient,
  CommandError,
  type PeopleView,
  type RoomSummary,
  type UserId,
} from "@caffis/chat";
import { createContext, useContext } from "react";
import { useReadable } from "../common/useReadable.ts";
import type { Dictionary } from "../i18n/en.ts";
import type { DemoUser } from "./account.ts";

/** What every part of the page may use. */
export interface Chat {
  readonly client: ChatClient;
  /** Whom one can write to; null where only the person knows. */
  readonly demo: readonly DemoUser[] | null;
  signOut(): void;
}

const Context = createContext<Chat | null>(null);

/** Gives the page its client. */
export const ChatProvider = Context.Provider;

/** The page's client. */
export function useChat(): Chat {
  const chat = useContext(Context);
  if (!chat) throw new Error("useChat needs a ChatProvider around it");
  return chat;
}

/** Who people are, as the page calls them. */
export interface People {
  /** `Giulia Bianchi` */
  name(user: UserId | null): string;
  /** `Giulia` */
  firstName(user: UserId | null): string;
  availability(user: UserId): Availability;
  readonly view: PeopleView;
}

/** Names and presence, as they are now. */
export function usePeople(t: Dictionary): People {
  const { client, demo } = useChat();
  const view = useReadable(client.people);
  const name = (user: UserId | null) => {
    if (user === null) return t.service;
    return view.profiles.get(user)?.name ?? demo?.find((each) => each.user === user)?.name ?? user;
  };
  return {
    view,
    name,
    firstName: (user) => name(user).split(" ")[0] ?? name(user),
    availability: (user) => view.presence.get(user)?.availability ?? "offline",
  };
}

/** What a room is called. */
export function roomTitle(room: RoomSummary, people: People): string {
  if (room.peer) return people.name(room.peer.user);
  return room.name ?? room.context.id;
}

/** Whether a room is a direct conversation. */
export function isDirect(room: RoomSummary): boolean {
  return room.peer !== null;
}

/** What went wrong, in words. */
export function explain(error: unknown, t: Dictionary): string {
  const code = error instanceof CommandError ? error.code : "other";
  const known = t.errors as Readonly<Record<string, string>>;
  return known[code] ?? t.errors.other;
}
