/** Who people are, and whether they are there. */

import type { PeopleView, Presence, Profile, UserId } from "@caffis/chat";
import { useChat } from "./context.tsx";
import { useReadable } from "./useReadable.ts";

/** Everybody who is known: those in the rooms that are known and those who wrote what is here. */
export function usePeople(): PeopleView {
  return useReadable(useChat().people);
}

/** The name and the picture of a person; null while they are not known. */
export function usePerson(user: UserId): Profile | null {
  return useReadable(useChat().people, ({ profiles }) => profiles.get(user) ?? null);
}

/** Whether a person is online, and their status text; null while that is not known. */
export function usePresence(user: UserId): Presence | null {
  return useReadable(useChat().people, ({ presence }) => presence.get(user) ?? null);
}
