/**
 * The invite link by which somebody opened the page, at `/#join=…`. What stands behind the `#` is sent to no server, so
 * no log has it. It is kept for the tab until the person has joined or does not want to: they may have to sign in first.
 */

import { type InviteLink, inviteOf, inviteText } from "@caffis/chat";
import { useSyncExternalStore } from "react";

const PREFIX = "#join=";
const KEY = "caffis.join";
const listeners = new Set<() => void>();

/** A link that leads nowhere is shown as such, too. */
export type Pending = InviteLink | "broken";

/** What an address invites to, if it does. Pure. */
export function invitedBy(hash: string): Pending | null {
  return hash.startsWith(PREFIX) ? (inviteOf(hash.slice(PREFIX.length)) ?? "broken") : null;
}

/** The address of a link, for those who are invited. Pure. */
export function inviteAddress(origin: string, link: InviteLink): string {
  return `${origin}/${PREFIX}${inviteText(link)}`;
}

let pending: Pending | null = restored();

function restored(): Pending | null {
  const kept = globalThis.sessionStorage?.getItem(KEY);
  return kept ? inviteOf(kept) : null;
}

/** Takes a link out of the address, so that it is in no history; true if there was one. */
export function takeInvite(hash: string): boolean {
  const found = invitedBy(hash);
  if (found) set(found);
  return found !== null;
}

/** The person has joined, or does not want to. */
export function forgetInvite(): void {
  set(null);
}

function set(next: Pending | null): void {
  pending = next;
  if (next !== null && next !== "broken") sessionStorage.setItem(KEY, inviteText(next));
  else sessionStorage.removeItem(KEY);
  for (const listener of [...listeners]) listener();
}

/** The link that waits for an answer. */
export function usePendingInvite(): Pending | null {
  return useSyncExternalStore(subscribe, () => pending);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
