import type { EntryKind, SettingsChange } from "@caffis/chat";
import type { People } from "../app/chat.tsx";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { infoSentence } from "./infoSentence.ts";
import styles from "./Timeline.module.css";

/** A change of the room, in the middle of the page. */
export function Notice({ kind, people }: { kind: EntryKind; people: People }) {
  const { t, names } = useI18n();
  return <p className={styles.notice}>{sentence(kind, people, t, names)}</p>;
}

function sentence(
  kind: EntryKind,
  people: People,
  t: Dictionary,
  list: (names: string[]) => string,
): string {
  switch (kind.type) {
    case "created": {
      const { by } = kind.value;
      return by === null ? t.createdByService : t.created(people.name(by));
    }
    case "joined": {
      const { users, by, invite } = kind.value;
      const joined = list(users.map((user) => people.name(user)));
      if (invite !== null && by !== null) return t.joinedByInvite(joined, people.name(by));
      return by === null || users.includes(by)
        ? t.joinedSelf(joined)
        : t.joined(joined, people.name(by));
    }
    case "left": {
      const { user, by } = kind.value;
      const name = people.name(user);
      return by === null || by === user ? t.left(name) : t.removed(name, people.name(by));
    }
    case "role":
      return t.roleNow[kind.value.role](people.name(kind.value.user));
    case "pinned": {
      const { by } = kind.value;
      return by === null ? t.pinnedByService : t.pinnedBy(people.name(by));
    }
    case "invite_made":
      return t.inviteMade(people.name(kind.value.by));
    case "invite_revoked":
      return t.inviteRevoked(people.name(kind.value.by));
    case "settings":
      return settingsSentence(kind.value, people, t, list);
    case "info": {
      const { by } = kind.value;
      return infoSentence(kind.value, by === null ? null : people.name(by), t, list);
    }
    case "context": {
      const { details, status } = kind.value;
      if (status.type === "cancelled") return t.contextCancelled;
      if (status.type === "closed") return t.contextClosed;
      return t.contextNow(details.title);
    }
    default:
      return t.unknownMessage;
  }
}

/** What changed of how people write. */
function settingsSentence(
  { settings, before, by }: SettingsChange,
  people: People,
  t: Dictionary,
  list: (names: string[]) => string,
): string {
  const changes: string[] = [];
  const { slowModeSeconds, frozen, announcements } = settings;
  if (slowModeSeconds !== before.slowModeSeconds) changes.push(t.slowModeNow(slowModeSeconds));
  if (frozen !== before.frozen) changes.push(t.frozenNow(frozen));
  if (announcements !== before.announcements) changes.push(t.announcementsNow(announcements));
  return t.says(people.name(by), list(changes));
}
