import type { RoomView, UserId } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { type People, roomTitle, usePeople } from "../app/chat.tsx";
import { goTo, openDialog } from "../app/route.ts";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { type I18n, useI18n } from "../i18n/i18n.tsx";
import styles from "./Room.module.css";

/** The button that shows the details. */
export const DETAILS_BUTTON = "details-button";

/** Who or what the conversation is with. */
export function Header(props: { room: RoomView; details: boolean; onDetails(): void }) {
  const i18n = useI18n();
  const { t } = i18n;
  const client = useChat();
  const people = usePeople(t);
  const { room, details, onDetails } = props;
  const { summary } = room;
  const title = roomTitle(summary, people);
  return (
    <header className={styles.head}>
      <button
        type="button"
        className={`${controls.icon} ${styles.back}`}
        aria-label={t.back}
        data-testid="back"
        onClick={() => goTo(null)}
      >
        <Icon name="back" />
      </button>
      <Avatar
        name={title}
        seed={summary.peer?.user ?? room.id}
        size="m"
        icon={summary.class === "public" ? "cup" : undefined}
        availability={summary.peer ? people.availability(summary.peer.user) : undefined}
      />
      <div className={styles.who}>
        <h2 dir="auto" data-testid="room-title">
          {title}
        </h2>
        <p data-testid="room-status">{statusLine(room, people, i18n, client.now())}</p>
      </div>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.search}
        title={t.search}
        data-testid="search-room"
        onClick={() => openDialog("search-room")}
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.details}
        title={t.details}
        aria-expanded={details}
        id={DETAILS_BUTTON}
        data-testid="details"
        onClick={onDetails}
      >
        <Icon name="info" />
      </button>
    </header>
  );
}

function statusLine(
  { summary, members, attendance }: RoomView,
  people: People,
  i18n: I18n,
  now: number,
): string {
  const { t } = i18n;
  if (summary.class === "public") return attendance === null ? "" : t.hereNow(attendance);
  if (summary.peer) return presenceLine(people, summary.peer.user, i18n, now);
  const count = t.members(summary.members);
  const online = members?.filter(
    (each) => people.availability(each.profile.user) !== "offline",
  ).length;
  return online ? `${count} · ${t.onlineCount(online)}` : count;
}

/** Whether somebody is online or when they were last, and their status text. */
export function presenceLine(people: People, user: UserId, i18n: I18n, now: number): string {
  const { t, short } = i18n;
  const presence = people.view.presence.get(user);
  const { availability = "offline", lastSeen = null, status = null } = presence ?? {};
  const there =
    availability === "offline" && lastSeen ? t.lastSeen(short(lastSeen, now)) : t[availability];
  return status ? `${there} · ${status}` : there;
}
