/** How a room's summary and its members follow from the entries of its log. Pure functions. */

import type { Attendance, Card, Entry, Head, Member, RoomSummary, UserId } from "../protocol.ts";
import { importedAt, isDeleted, isHidden, shortened } from "./changes.ts";

/** A room's summary after further entries of its log; `card` is what the room was about before them, if known. */
export function advance(
  summary: RoomSummary,
  entries: readonly Entry[],
  self: UserId | undefined,
  card: Card | null = null,
): RoomSummary {
  let { head, number, read, preview, active, members, role, name, settings } = summary;
  let { description, history } = summary;
  let about = card;
  for (const entry of entries) {
    const { position, time, kind } = entry;
    const isNew = position > head;
    about = cardAfter(about, entry);
    head = Math.max(head, position);
    active = Math.max(active, time);
    if (kind.type === "message" && kind.value.number > number) {
      number = kind.value.number;
      // The sender has read everything before their own message.
      const sent = importedAt(kind.value.extras);
      if (sent === null && kind.value.sender !== null && kind.value.sender === self) read = number;
      // Messages of the past are news to nobody who had read everything.
      if (sent !== null && read >= number - 1) read = number;
      const text = shortened(kind.value.body);
      const deleted = isDeleted(kind.value) || isHidden(kind.value);
      preview = { number, sender: kind.value.sender, text, time: sent ?? time, deleted };
    }
    if (kind.type === "edited" && kind.value.body && preview?.number === kind.value.number) {
      preview = { ...preview, text: shortened(kind.value.body) };
    }
    if (kind.type === "deleted" && preview?.number === kind.value.number) {
      preview = { ...preview, text: "", deleted: true };
    }
    if (isNew && kind.type === "role" && kind.value.user === self) role = kind.value.role;
    if (isNew && kind.type === "context") name = kind.value.details.title ?? name;
    if (isNew && kind.type === "settings") settings = kind.value.settings;
    if (isNew && kind.type === "info") {
      const { info, before } = kind.value;
      // A title is shown instead of the room's own name: where the card is not known, the two differ.
      const titled = about ? about.details.title !== null : name !== before.name;
      if (!titled) name = info.name;
      ({ description, history } = info);
    }
    if (isNew && kind.type === "joined") members += kind.value.users.length;
    if (isNew && kind.type === "left") members = Math.max(0, members - 1);
  }
  return {
    ...summary,
    head,
    number,
    read,
    preview,
    active,
    members,
    role,
    name,
    settings,
    description,
    history,
    unread: Math.max(0, number - read),
  };
}

/** A room's summary after a new head. */
export function withHead(summary: RoomSummary, head: Head): RoomSummary {
  if (head.head < summary.head) return summary;
  return {
    ...summary,
    head: head.head,
    number: head.number,
    preview: head.preview ?? summary.preview,
    unread: Math.max(0, head.number - summary.read),
    active: Math.max(summary.active, head.preview?.time ?? 0),
  };
}

/** Of two cards of one room the later one: each of its parts has a version that grows. */
export function laterCard(one: Card | null, other: Card | null): Card | null {
  if (one === null || other === null) return one ?? other;
  const versions = (card: Card) =>
    card.detailsVersion + card.statusVersion + card.participantsVersion;
  return versions(other) > versions(one) ? other : one;
}

/** What a room is about, after an entry. */
export function cardAfter(card: Card | null, { kind }: Entry): Card | null {
  return kind.type === "context" ? laterCard(card, kind.value) : card;
}

/** Who is in a public room after somebody came or went; null stays null. Of a crowd only the number is told. */
export function visitorsAfter(
  members: readonly Member[] | null,
  { entered, exited }: Attendance,
): readonly Member[] | null {
  if (members === null || (entered === null && exited === null)) return members;
  const gone = entered?.user ?? exited;
  const others = members.filter(({ profile }) => profile.user !== gone);
  if (entered === null) return others;
  const visitor: Member = { profile: entered, role: "member", joined: null, presence: null };
  // By id, as the server lists them.
  const at = others.findIndex(({ profile }) => profile.user > entered.user);
  return others.toSpliced(at < 0 ? others.length : at, 0, visitor);
}

/** A list of members after an entry; null stays null, and is loaded again where names are missing. */
export function membersAfter(
  members: readonly Member[] | null,
  entry: Entry,
): readonly Member[] | null {
  const { kind } = entry;
  if (members === null) return null;
  if (kind.type === "joined") return null;
  if (kind.type === "left")
    return members.filter((member) => member.profile.user !== kind.value.user);
  if (kind.type !== "role") return members;
  const { user, role } = kind.value;
  return members.map((member) => (member.profile.user === user ? { ...member, role } : member));
}
