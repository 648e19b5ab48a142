import type { InThread, RoomView } from "@caffis/chat";
import { useChat, useLimits, useSelf, useStars } from "@caffis/chat-react";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Virtualizer } from "virtua";
import { explain, usePeople } from "../app/chat.tsx";
import { laterView } from "../app/later.tsx";
import { arrived, goToReply, usePlace } from "../app/place.ts";
import { REGION } from "../app/regions.ts";
import { showThread } from "../app/route.ts";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { type ActionGround, actionsFor, type MessageAction } from "./actions.ts";
import { useDraw } from "./draw.tsx";
import { LiveRegion } from "./LiveRegion.tsx";
import type { Asked } from "./MessageDialogs.tsx";
import { PinBar } from "./PinBar.tsx";
import { Row, Rows, RowsProvider } from "./Rows.tsx";
import styles from "./Timeline.module.css";
import { type Bubble, dayOf, type Item, timeline } from "./timeline.ts";
import { useJump } from "./useJump.ts";
import { reactedBy, useMessageChanges } from "./useMessageChanges.ts";
import { useMessageMenu } from "./useMessageMenu.ts";
import { useReading } from "./useReading.ts";
import { useRoving } from "./useRoving.ts";
import { useScroll } from "./useScroll.ts";
import { useSelection } from "./useSelection.ts";
import { useSteps } from "./useSteps.ts";

const MessageDialogs = laterView((views) => views.MessageDialogs);
const MessageMenu = laterView((views) => views.MessageMenu);
const Selected = laterView((views) => views.Selected);

/** How much is drawn above and below the view, in pixels: about a screen. */
const BUFFER = 800;

/** The messages of a conversation: more load as the person scrolls to them. */
export function Timeline(props: {
  room: RoomView;
  /** Puts the words of a message that was not sent back where they were written. */
  onEdit(text: string): void;
  /** Changes the words of a message that was sent. */
  onChange(bubble: Bubble): void;
  /** Answers a message. */
  onReply(bubble: Bubble): void;
}) {
  const { room, onEdit, onChange, onReply } = props;
  const { t } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const self = useSelf();
  const log = useRef<HTMLElement>(null);
  const { dividerAfter, moved } = useReading(room, log);
  const { entries, pending, moreAfter, quotes } = room;
  const { number, unread } = room.summary;
  const all = useMemo(
    () => timeline({ entries, pending, quotes, self, dividerAfter, moreAfter }),
    [entries, pending, quotes, self, dividerAfter, moreAfter],
  );
  const items = useSteps(all);
  const scroll = useScroll({ room, items, ref: log, onMoved: moved });
  const { active, onKeyDown, onFocus } = useRoving({ items, list: scroll.list, log });
  const rows = useMemo(
    () => ({
      count: items.length,
      active,
      isMessage: (index: number) => items[index]?.type === "message",
    }),
    [items, active],
  );
  const { problem, setProblem, react, pin, star } = useMessageChanges(room);
  const onThread = useCallback((root: number) => showThread(room.id, root), [room.id]);
  const { jump, flashed } = useJump({
    ...{ room, items, toItem: scroll.toItem },
    onFailed: useCallback((error: unknown) => setProblem(explain(error, t)), [t, setProblem]),
    onNothing: useCallback(() => setProblem(t.quoteHidden), [t, setProblem]),
    onAside: useCallback(
      (thread: InThread, position: number) => goToReply(room.id, thread, position),
      [room.id],
    ),
  });
  // Somebody was led here from a search.
  const place = usePlace(room.id);
  useEffect(() => {
    if (!place) return;
    arrived(place);
    jump(place.position);
  }, [place, jump]);
  useEffect(() => {
    client.loadQuotes(room.id).catch(ignore);
  }, [client, room.id, entries, room.pins]);
  // Asked for when the room is opened, and after a copy was dropped.
  const unknown = room.open && room.pins === null;
  useEffect(() => {
    if (unknown) client.messages.loadPins(room.id).catch(ignore);
  }, [client, room.id, unknown]);
  const limits = useLimits();
  const starred = useStars().get(room.id) ?? NO_STARS;
  const ground = (): ActionGround => ({ room, limits, now: client.now(), starred });
  const selection = useSelection(items);
  const { selected } = selection;
  const menu = useMessageMenu({
    items,
    log,
    has: (bubble) => selected === null && actionsFor(bubble, ground()).length > 0,
  });
  const openMenu = useRef(menu.openBelow);
  openMenu.current = menu.openBelow;
  const onMenu = useCallback((button: HTMLElement) => openMenu.current(button), []);
  const [asked, setAsked] = useState<Asked | null>(null);
  const choose = (action: MessageAction, bubble: Bubble) => {
    menu.close();
    if (action === "edit") onChange(bubble);
    else if (action === "reply") onReply(bubble);
    else if (action === "thread") threadFor(bubble, onThread);
    else if (action === "pin" || action === "unpin") pin(bubble, action === "pin");
    else if (action === "star" || action === "unstar") star(bubble, action === "star");
    else if (action === "original") bubble.quote && jump(bubble.quote.position);
    else if (action === "select") selection.toggle(bubble);
    else if (action === "copy") void navigator.clipboard.writeText(bubble.text ?? "");
    else setAsked({ action, bubble });
  };
  const keyDown = (event: KeyboardEvent) => {
    if (selection.onKey(event)) event.preventDefault();
    else if (event.key === "Enter" && menu.openFocused()) event.preventDefault();
    else onKeyDown(event);
  };
  const onChoose = useCallback((bubble: Bubble) => setAsked({ action: "react", bubble }), []);
  const over = isOver(room);
  const draw = useDraw(room, items, {
    ...{ onEdit, onMenu, onChoose, onJump: jump, onThread, flashed, starred, selected },
    onReact: over ? null : react,
    onReply: over ? null : onReply,
  });

  return (
    <>
      <PinBar room={room} onJump={jump} />
      {selected && (
        <Selected
          room={room}
          items={items}
          ground={ground()}
          selection={selection}
          onClose={selection.end}
        />
      )}
      <div className={styles.frame} {...REGION}>
        <section
          id="messages"
          className={styles.log}
          ref={log}
          tabIndex={active < 0 ? 0 : -1}
          aria-label={t.message}
          onKeyDown={keyDown}
          onClickCapture={selection.onClickCapture}
          onContextMenu={menu.onContextMenu}
          onPointerDown={menu.onPointerDown}
          onPointerMove={menu.onPointerMove}
          onPointerUp={menu.onPointerUp}
          onPointerCancel={menu.onPointerCancel}
          onScroll={menu.onPointerUp}
          onFocus={onFocus}
        >
          <div className={styles.rest} />
          <RowsProvider value={rows}>
            <Virtualizer
              ref={scroll.list}
              as={Rows}
              item={Row}
              data={items}
              shift={scroll.shift}
              bufferSize={BUFFER}
              keepMounted={active < 0 ? [] : [active]}
              onScroll={scroll.onScroll}
              onScrollEnd={scroll.onScrollEnd}
              onResize={scroll.onResize}
            >
              {draw}
            </Virtualizer>
          </RowsProvider>
        </section>
        <DayAbove items={items} top={scroll.top} shown={scroll.moving && !scroll.atEnd} />
        {!scroll.atEnd && (
          <button
            type="button"
            className={styles.jump}
            data-testid="jump"
            title={t.jumpToLatest}
            onClick={scroll.toEnd}
          >
            <Icon name="down" size={18} />
            <span className="visually-hidden">{t.jumpToLatest}</span>
            {unread > 0 && <span>{t.newMessages(unread)}</span>}
          </button>
        )}
        {menu.open && (
          <MessageMenu
            actions={actionsFor(menu.open.bubble, ground())}
            place={menu.open.place}
            reacted={reactedBy(menu.open.bubble, self)}
            onReact={(emoji, add) => {
              if (menu.open) react(menu.open.bubble, emoji, add);
              menu.close();
            }}
            onChoose={(action) => menu.open && choose(action, menu.open.bubble)}
            onClose={menu.close}
          />
        )}
        {problem && (
          <p className={styles.problem} role="alert">
            {problem}
          </p>
        )}
        {asked && <MessageDialogs room={room} asked={asked} onClose={() => setAsked(null)} />}
        <LiveRegion items={items} number={number} people={people} />
      </div>
    </>
  );
}

const NO_STARS: ReadonlyMap<number, number> = new Map();

/** What could not be loaded is asked for again with the next entries. */
function ignore(): void {}

/** Shows the thread that a message has, or the one that it is in. */
function threadFor({ thread, position }: Bubble, onThread: (root: number) => void): void {
  const root = thread ?? position;
  if (root !== null) onThread(root);
}

function isOver({ card }: RoomView): boolean {
  return card?.status.type === "closed";
}

/** The day of the item at the upper edge while scrolling, unless its own separator is there. */
function DayAbove(props: { items: readonly Item[]; top: number; shown: boolean }) {
  const { day } = useI18n();
  const client = useChat();
  const { items, top, shown } = props;
  const found = dayOf(items, top);
  if (!found || found.at === top) return null;
  return (
    <div className={`${styles.day} ${styles.above}`} data-shown={shown} aria-hidden="true">
      <span>{day(found.time, client.now())}</span>
    </div>
  );
}
