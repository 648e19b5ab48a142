/** What the page derives from its client. */

import {
  type Availability,
  CommandError,
  EncodeError,
  type PeopleView,
  type RoomSummary,
  type UserId,
} from "@caffis/chat";
import { usePeople as usePeopleView, useSelf } from "@caffis/chat-react";
import { createContext, useContext } from "react";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import type { DemoUser } from "./account.ts";

/** What every part of the page may use, besides the client. */
export interface Page {
  /** The people of the demo; null on other servers. */
  readonly demo: readonly DemoUser[] | null;
  signOut(): void;
}

const Context = createContext<Page | null>(null);

/** Gives the page to its parts. */
export const PageProvider = Context.Provider;

/** The page around a part of it. */
export function usePage(): Page {
  const page = useContext(Context);
  if (!page) throw new Error("usePage needs a PageProvider around it");
  return page;
}

/** Names, presence and status of people, as the page shows them. */
export interface People {
  /** `Giulia Bianchi` */
  name(user: UserId | null): string;
  /** `Giulia` */
  firstName(user: UserId | null): string;
  availability(user: UserId): Availability;
  /** Their status text. */
  status(user: UserId): string | null;
  /** What a room is called whose name is not known. */
  readonly nameless: string;
  readonly view: PeopleView;
}

/** Names and presence, as they are now. */
export function usePeople(t: Dictionary): People {
  const { demo } = usePage();
  const view = usePeopleView();
  const name = (user: UserId | null) => {
    if (user === null) return t.service;
    return view.profiles.get(user)?.name ?? demo?.find((each) => each.user === user)?.name ?? user;
  };
  return {
    view,
    nameless: t.aConversation,
    name,
    firstName: (user) => name(user).split(" ")[0] ?? name(user),
    availability: (user) => view.presence.get(user)?.availability ?? "offline",
    status: (user) => view.presence.get(user)?.status ?? null,
  };
}

/** Somebody who can be chosen. */
export interface Known {
  readonly user: UserId;
  readonly name: string;
}

/** The people who can be chosen: those of the demo and of the rooms, except oneself, by name. */
export function useKnownPeople(): readonly Known[] {
  const { demo } = usePage();
  const { profiles } = usePeopleView();
  const self = useSelf();
  const { language } = useI18n();
  const all = new Map<UserId, Known>();
  for (const { user, name } of demo ?? []) all.set(user, { user, name });
  for (const { user, name } of profiles.values()) all.set(user, { user, name });
  if (self) all.delete(self);
  return [...all.values()].sort((a, b) => a.name.localeCompare(b.name, language));
}

/** What a room is called. */
export function roomTitle(room: RoomSummary, people: People): string {
  if (room.peer) return people.name(room.peer.user);
  return (room.name ?? room.context.id) || people.nameless;
}

/** Whether a room is a direct conversation. */
export function isDirect(room: RoomSummary): boolean {
  return room.peer !== null;
}

/** Whether a room is a group that people made among themselves. */
export function isGroup(room: RoomSummary): boolean {
  return room.context.kind === "group" && room.class === "social";
}

/** What went wrong, in words; `meanings` are the words for errors that mean something special here. */
export function explain(
  error: unknown,
  t: Dictionary,
  meanings: Readonly<Record<string, string>> = {},
): string {
  const code = codeOf(error);
  const known: Readonly<Record<string, string>> = { ...t.errors, ...meanings };
  return known[code] ?? t.errors.other;
}

function codeOf(error: unknown): string {
  if (error instanceof CommandError) return error.code;
  // What the person typed is not a valid identifier, or too long for the protocol.
  if (error instanceof RangeError) return "invalid";
  return error instanceof EncodeError ? "text_too_long" : "other";
}
