import { placementOf, type RoomId, type RoomSummary } from "@caffis/chat";
import { type Rooms as RoomPages, useChat, useRooms } from "@caffis/chat-react";
import { useEffect, useState } from "react";
import { roomTitle, usePeople } from "../app/chat.tsx";
import { laterView } from "../app/later.tsx";
import { closeDialog, openDialog, useRoute } from "../app/route.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import { SharingBars } from "../cards/SharingBar.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import type { MenuPlace } from "../common/Menu.tsx";
import { moveFocus } from "../common/moveFocus.ts";
import { ConnectionStatus } from "../connection/ConnectionStatus.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { ScheduledEntry } from "../scheduled/ScheduledBar.tsx";
import { ThreadsEntry } from "../threads/ThreadsEntry.tsx";
import { ListTop } from "./ListTop.tsx";
import { isNamed, ROOM_ACTIONS } from "./placement.ts";
import styles from "./RoomList.module.css";
import { RoomRow } from "./RoomRow.tsx";

const MarkedList = laterView((views) => views.MarkedList);
const NewConversation = laterView((views) => views.NewConversation);
const RoomMenu = laterView((views) => views.RoomMenu);
const ScheduledList = laterView((views) => views.ScheduledList);
const Search = laterView((views) => views.Search);
const Settings = laterView((views) => views.Settings);
const ThreadList = laterView((views) => views.ThreadList);

/** Whether a room is shown among the others at a time of the server. */
function isShown(room: RoomSummary, now: number): boolean {
  const placement = placementOf(room, now);
  return placement === "listed" || placement === "pinned";
}

/** This person's conversations: what is pinned, then the most active, and behind a button what is archived. */
export function RoomList({ selected }: { selected: RoomId | null }) {
  const { t } = useI18n();
  const client = useChat();
  const list = useRooms();
  const { rooms, more, loaded, loadMore } = list;
  const { dialog } = useRoute();
  const [words, setWords] = useState("");
  const unreadable = rooms.filter(({ readable }) => !readable).length;
  const again = useAction();
  const wanted = words.trim();

  // A name is looked for in all rooms, not only in the first page.
  useEffect(() => {
    if (wanted !== "" && more && rooms.length > 0) void loadMore();
  }, [wanted, more, rooms.length, loadMore]);

  return (
    <>
      <ListTop />
      {rooms.length > 0 && (
        <label className={styles.filter}>
          <Icon name="search" size={16} />
          <input
            value={words}
            placeholder={t.filterRooms}
            aria-label={t.filterRooms}
            dir="auto"
            autoComplete="off"
            data-testid="filter-rooms"
            onChange={(event) => setWords(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape" || words === "") return;
              event.stopPropagation();
              setWords("");
            }}
          />
        </label>
      )}
      {wanted === "" && <ThreadsEntry />}
      {wanted === "" && <ScheduledEntry />}
      <Rooms list={list} wanted={wanted} selected={selected} />
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
      <SharingBars />
      <ConnectionStatus />
      {dialog === "new" && <NewConversation onClose={closeDialog} />}
      {dialog === "search" && <Search room={null} onClose={closeDialog} />}
      {dialog === "mentions" && (
        <MarkedList
          list="mentions"
          title={t.mentions}
          nothing={t.noMentions}
          lead={t.noMentionsLead}
          onClose={closeDialog}
        />
      )}
      {dialog === "stars" && (
        <MarkedList
          list="stars"
          title={t.stars}
          nothing={t.noStars}
          lead={t.noStarsLead}
          onClose={closeDialog}
        />
      )}
      {dialog === "threads" && <ThreadList onClose={closeDialog} />}
      {dialog === "scheduled" && <ScheduledList room={null} onClose={closeDialog} />}
      {dialog === "settings" && <Settings onClose={closeDialog} />}
    </>
  );
}

/** A menu that is open. */
interface OpenMenu {
  readonly room: RoomId;
  readonly place: MenuPlace;
}

function Rooms(props: {
  list: RoomPages;
  /** The name that is looked for; empty for none. */
  wanted: string;
  selected: RoomId | null;
}) {
  const { t } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const { list, wanted, selected } = props;
  const { rooms, more, loaded, loadMore } = list;
  const placing = useAction({ parallel: true });
  /** The row that has the keyboard focus. */
  const [focused, setFocused] = useState<string | null>(null);
  const [menu, setMenu] = useState<OpenMenu | null>(null);
  const [showsArchived, setShowsArchived] = useState(false);

  const now = client.now();
  const found = rooms.filter((room) => isNamed(roomTitle(room, people), wanted));
  const listed = wanted === "" ? rooms.filter((room) => isShown(room, now)) : found;
  const archived =
    wanted === "" ? rooms.filter((room) => placementOf(room, now) === "archived") : [];
  const shown = showsArchived ? [...listed, ...archived] : listed;
  const has = (id: string | null) => shown.some(({ room }) => room === id);
  const reachable = [focused, selected].find(has) ?? shown[0]?.room;
  const row = (room: RoomSummary) => (
    <RoomRow
      key={room.room}
      summary={room}
      selected={room.room === selected}
      tabIndex={room.room === reachable ? 0 : -1}
      onMenu={(place) => setMenu({ room: room.room, place })}
    />
  );
  const closeMenu = () => {
    const { room } = menu ?? {};
    setMenu(null);
    document.querySelector<HTMLElement>(`[data-testid=room][data-room="${room}"]`)?.focus();
  };
  const of = rooms.find(({ room }) => room === menu?.room);
  return (
    <>
      <ul
        className={styles.rooms}
        data-testid="rooms"
        aria-busy={!loaded}
        onKeyDown={(event) => moveFocus(event, "a")}
        onFocus={(event) => setFocused(event.target.closest("a")?.dataset.room ?? null)}
      >
        {!loaded && <Skeletons />}
        {listed.map(row)}
        {wanted !== "" && listed.length === 0 && !more && (
          <li className={styles.nothing} role="status">
            {t.noRoomNamed}
          </li>
        )}
        {archived.length > 0 && (
          <li>
            <button
              type="button"
              className={styles.archived}
              aria-expanded={showsArchived}
              data-testid="archived"
              onClick={() => setShowsArchived(!showsArchived)}
            >
              <Icon name="box" size={18} />
              {t.archivedRooms(archived.length)}
              <Icon name={showsArchived ? "upper" : "lower"} size={16} />
            </button>
          </li>
        )}
        {showsArchived && archived.map(row)}
        {more && wanted === "" && (
          <li>
            <button type="button" className={styles.more} onClick={() => void loadMore()}>
              {t.more}
            </button>
          </li>
        )}
      </ul>
      <Problem action={placing} />
      {menu && of && (
        <RoomMenu
          room={of}
          place={menu.place}
          onChoose={(action) => {
            closeMenu();
            const place = () => client.place(of.room, ROOM_ACTIONS[action].to);
            void placing.run(place, { limit_reached: t.tooManyPinned });
          }}
          onClose={closeMenu}
        />
      )}
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
