import type { RoomId } from "@caffis/chat";
import { useState } from "react";
import { useChat, usePeople } from "../app/chat.tsx";
import { closeDialog, openDialog, useRoute } from "../app/route.ts";
import { useAction } from "../app/useAction.tsx";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { moveFocus } from "../common/moveFocus.ts";
import { useReadable } from "../common/useReadable.ts";
import { ConnectionStatus } from "../connection/ConnectionStatus.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { Search } from "../search/Search.tsx";
import { Settings } from "../settings/Settings.tsx";
import { NewConversation } from "./NewConversation.tsx";
import styles from "./RoomList.module.css";
import { RoomRow } from "./RoomRow.tsx";

/** This person's conversations, the most active first. */
export function RoomList({ selected }: { selected: RoomId | null }) {
  const { t } = useI18n();
  const { client } = useChat();
  const people = usePeople(t);
  const { rooms, more, loaded } = useReadable(client.rooms);
  const self = useReadable(client.self);
  const unreadable = rooms.filter(({ readable }) => !readable).length;
  const again = useAction();
  const { dialog } = useRoute();
  /** The row that has the keyboard focus. */
  const [focused, setFocused] = useState<string | null>(null);
  const has = (id: string | null) => rooms.some(({ room }) => room === id);
  const reachable = [focused, selected].find(has) ?? rooms[0]?.room;
  return (
    <>
      <header className={styles.top}>
        <h1>{t.appName}</h1>
        <button
          type="button"
          className={controls.icon}
          aria-label={t.search}
          title={t.search}
          data-testid="search"
          onClick={() => openDialog("search")}
        >
          <Icon name="search" />
        </button>
        <button
          type="button"
          className={controls.icon}
          aria-label={t.newConversation}
          title={t.newConversation}
          data-testid="new-conversation"
          onClick={() => openDialog("new")}
        >
          <Icon name="write" />
        </button>
        <button
          type="button"
          className={styles.me}
          aria-label={`${t.settings}: ${self ? `${people.name(self)}, ${t[people.availability(self)]}` : ""}`}
          title={t.settings}
          data-testid="settings"
          onClick={() => openDialog("settings")}
        >
          <Avatar
            name={self ? people.name(self) : " "}
            seed={self ?? ""}
            size="s"
            availability={self ? people.availability(self) : undefined}
          />
        </button>
      </header>
      <ul
        className={styles.rooms}
        data-testid="rooms"
        aria-busy={!loaded}
        onKeyDown={(event) => moveFocus(event, "a")}
        onFocus={(event) => setFocused(event.target.closest("a")?.dataset.room ?? null)}
      >
        {!loaded && <Skeletons />}
        {rooms.map((room) => (
          <RoomRow
            key={room.room}
            summary={room}
            selected={room.room === selected}
            tabIndex={room.room === reachable ? 0 : -1}
          />
        ))}
        {more && (
          <li>
            <button
              type="button"
              className={styles.more}
              onClick={() => void client.loadMoreRooms()}
            >
              {t.more}
            </button>
          </li>
        )}
      </ul>
      {unreadable > 0 && (
        <p className={styles.unreadable} role="status">
          <span>{t.someNotReadable(unreadable)}</span>
          <button
            type="button"
            disabled={again.busy}
            onClick={() => void again.run(() => client.retryRooms())}
          >
            {t.tryAgain}
          </button>
        </p>
      )}
      {loaded && rooms.length === 0 && (
        <div className={styles.empty}>
          <strong>{t.noConversations}</strong>
          <p>{t.noConversationsLead}</p>
          <button type="button" className={controls.button} onClick={() => openDialog("new")}>
            {t.newConversation}
          </button>
        </div>
      )}
      <ConnectionStatus />
      {dialog === "new" && <NewConversation onClose={closeDialog} />}
      {dialog === "search" && <Search room={null} onClose={closeDialog} />}
      {dialog === "settings" && <Settings onClose={closeDialog} />}
    </>
  );
}

function Skeletons() {
  return Array.from({ length: 6 }, (_, index) => (
    <li key={index} className={styles.skeleton} aria-hidden="true">
      <i />
      <b />
    </li>
  ));
}
