import { type RoomSummary, unreadMarks } from "@caffis/chat";
import { useChat, useDrafts, useMentions, useRoomView } from "@caffis/chat-react";
import type { MouseEvent } from "react";
import { type People, roomTitle, usePeople } from "../app/chat.tsx";
import { goTo, roomAddress } from "../app/route.ts";
import { useMuted } from "../app/useMuted.ts";
import { Avatar } from "../common/Avatar.tsx";
import { Icon } from "../common/Icon.tsx";
import type { MenuPlace } from "../common/Menu.tsx";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./RoomList.module.css";

/** One conversation of the list. */
export function RoomRow(props: {
  summary: RoomSummary;
  selected: boolean;
  tabIndex: 0 | -1;
  onMenu(place: MenuPlace): void;
}) {
  const { summary, selected, tabIndex, onMenu } = props;
  const { t, short } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const room = useRoomView(summary.room);
  const { peer, unread, preview, active } = summary;
  const draft = useDrafts().get(summary.room)?.text;
  const mentions = unreadMarks(useMentions(), summary);
  const title = roomTitle(summary, people);
  const muted = useMuted(summary);
  const status = peer && people.status(peer.user);
  const typist = room?.typing[0];
  return (
    <li>
      <a
        className={styles.room}
        href={roomAddress(summary.room)}
        onClick={(event) => follow(event, summary.room)}
        onContextMenu={(event) => onMenu(placeOf(event))}
        tabIndex={tabIndex}
        aria-current={selected ? "page" : undefined}
        data-testid="room"
        data-room={summary.room}
        data-title={title}
        data-readable={summary.readable}
      >
        <Avatar
          name={title}
          seed={peer?.user ?? summary.room}
          icon={summary.class === "public" ? "cup" : undefined}
          availability={peer ? people.availability(peer.user) : undefined}
        />
        <span className={styles.name} dir="auto">
          <span className={styles.title}>{title}</span>
          {summary.placed.placement === "pinned" && (
            <span className={styles.muted} data-testid="row-pinned">
              <Icon name="pin" size={14} />
              <span className="visually-hidden">{t.roomPinned}</span>
            </span>
          )}
          {muted && (
            <span className={styles.muted} data-testid="row-muted">
              <Icon name="bellOff" size={14} />
              <span className="visually-hidden">{t.muted}</span>
            </span>
          )}
          {status && (
            <span className={styles.status} data-testid="row-status">
              {" "}
              {status}
            </span>
          )}
        </span>
        {active > 0 && (
          <time className={styles.time} dateTime={new Date(active).toISOString()}>
            {short(preview?.time ?? active, client.now())}
          </time>
        )}
        <span className={styles.preview} dir="auto">
          {typist ? (
            <em>{t.isTyping(people.firstName(typist))}</em>
          ) : draft && !selected ? (
            <>
              <em>{t.draft}</em> <span data-testid="row-draft">{draft}</span>
            </>
          ) : (
            previewText(summary, people, client.self.getSnapshot(), t)
          )}
        </span>
        {unread > 0 && (
          <span className={styles.badge} data-testid="unread">
            {mentions > 0 && (
              <span className={styles.at} data-testid="row-mentioned">
                <span aria-hidden="true">@</span>
                <span className="visually-hidden">{t.mentionsYouCount(mentions)}</span>
              </span>
            )}
            <span aria-hidden="true">{unread > 999 ? "999+" : unread}</span>
            <span className="visually-hidden">{t.unread(unread)}</span>
          </span>
        )}
        {peer && <span className="visually-hidden">{t[people.availability(peer.user)]}</span>}
      </a>
    </li>
  );
}

/** Shows the room here, unless the person asked for another tab or window. */
function follow(event: MouseEvent, room: RoomSummary["room"]) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  goTo(room);
}

/** Where the menu of a row opens; the menu key has no place of its own. */
function placeOf(event: MouseEvent): MenuPlace {
  event.preventDefault();
  if (event.clientX !== 0 || event.clientY !== 0) return { x: event.clientX, y: event.clientY };
  const { left, bottom } = event.currentTarget.getBoundingClientRect();
  return { x: left + 12, y: bottom };
}

function previewText(
  summary: RoomSummary,
  people: People,
  self: string | null,
  t: Dictionary,
): string {
  const { preview, peer, readable } = summary;
  if (!readable) return t.notReadableRow;
  if (!preview) return "";
  if (preview.deleted) return t.messageDeleted;
  if (preview.sender === self) return t.youPreview(preview.text);
  return peer ? preview.text : t.says(people.firstName(preview.sender), preview.text);
}
