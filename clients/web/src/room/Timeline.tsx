import {
  type Forwarded,
  HELD_ENTRIES,
  type PendingMessage,
  type RoomSummary,
  type RoomView,
  type UserId,
} from "@caffis/chat";
import {
  type KeyboardEvent,
  type ReactElement,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Virtualizer } from "virtua";
import { explain, isDirect, type People, roomTitle, useChat, usePeople } from "../app/chat.tsx";
import { arrived, usePlace } from "../app/place.ts";
import { REGION } from "../app/regions.ts";
import { Icon } from "../common/Icon.tsx";
import { useReadable } from "../common/useReadable.ts";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { type ActionGround, actionsFor, type MessageAction, mayClosePoll } from "./actions.ts";
import { BubbleRow } from "./Bubble.tsx";
import { DeleteMessage } from "./DeleteMessage.tsx";
import { DeleteMessages } from "./DeleteMessages.tsx";
import { ForwardMessage } from "./ForwardMessage.tsx";
import { LiveRegion } from "./LiveRegion.tsx";
import { MessageMenu } from "./MessageMenu.tsx";
import { Notice } from "./Notice.tsx";
import { PinBar } from "./PinBar.tsx";
import { ReactDialog } from "./ReactDialog.tsx";
import { Reactors } from "./Reactors.tsx";
import { ReportMessage } from "./ReportMessage.tsx";
import { Revisions } from "./Revisions.tsx";
import { Row, Rows, RowsProvider } from "./Rows.tsx";
import { SelectionBar } from "./SelectionBar.tsx";
import { selectedBubbles, selectionActions } from "./selection.ts";
import styles from "./Timeline.module.css";
import { type Bubble, dayOf, type Item, timeline } from "./timeline.ts";
import { useJump } from "./useJump.ts";
import { useMessageMenu } from "./useMessageMenu.ts";
import { useReading } from "./useReading.ts";
import { useReceipts } from "./useReceipts.ts";
import { useRoving } from "./useRoving.ts";
import { useScroll } from "./useScroll.ts";
import { useSelection } from "./useSelection.ts";
import { useSteps } from "./useSteps.ts";

/** How long it is said why a reaction was refused. */
const PROBLEM_MS = 6_000;

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
  const { client } = useChat();
  const people = usePeople(t);
  const self = useReadable(client.self);
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
  const [problem, setProblem] = useState<string | null>(null);
  const { jump, flashed } = useJump({
    ...{ room, items, toItem: scroll.toItem },
    onFailed: useCallback((error: unknown) => setProblem(explain(error, t)), [t]),
    onNothing: useCallback(() => setProblem(t.quoteHidden), [t]),
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
  const limits = useReadable(client.limits);
  const starred = useReadable(client.stars.places).get(room.id) ?? NO_STARS;
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
  const [asked, setAsked] = useState<{ action: MessageAction; bubble: Bubble } | null>(null);
  const choose = (action: MessageAction, bubble: Bubble) => {
    menu.close();
    if (action === "edit") onChange(bubble);
    else if (action === "reply") onReply(bubble);
    else if (action === "pin" || action === "unpin") pin(bubble, action === "pin");
    else if (action === "star" || action === "unstar") star(bubble, action === "star");
    else if (action === "original") bubble.quote && jump(bubble.quote.position);
    else if (action === "select") selection.toggle(bubble);
    else if (action === "copy") void navigator.clipboard.writeText(bubble.text ?? "");
    else setAsked({ action, bubble });
  };
  const react = useCallback(
    (bubble: Bubble, emoji: string, add: boolean) => {
      if (bubble.position === null) return;
      setProblem(null);
      client.messages
        .react(room.id, bubble.position, emoji, add)
        .catch((error) => setProblem(explain(error, t)));
    },
    [client, room.id, t],
  );
  const pin = (bubble: Bubble, on: boolean) => {
    if (bubble.position === null) return;
    setProblem(null);
    client.messages
      .pin(room.id, bubble.position, on)
      .catch((error) => setProblem(explain(error, t)));
  };
  const star = (bubble: Bubble, on: boolean) => {
    if (bubble.position === null) return;
    setProblem(null);
    client.messages
      .star(room.id, bubble.position, on)
      .catch((error) => setProblem(explain(error, t)));
  };
  useEffect(() => {
    if (problem === null) return;
    const timer = setTimeout(() => setProblem(null), PROBLEM_MS);
    return () => clearTimeout(timer);
  }, [problem]);
  const keyDown = (event: KeyboardEvent) => {
    if (selection.onKey(event)) event.preventDefault();
    else if (event.key === "Enter" && menu.openFocused()) event.preventDefault();
    else onKeyDown(event);
  };
  const onChoose = useCallback((bubble: Bubble) => setAsked({ action: "react", bubble }), []);
  const over = isOver(room);
  const draw = useDraw(room, items, {
    ...{ onEdit, onMenu, onChoose, onJump: jump, flashed, starred, selected },
    onReact: over ? null : react,
    onReply: over ? null : onReply,
  });

  return (
    <>
      <PinBar room={room} onJump={jump} />
      {selected && <Selected room={room} items={items} ground={ground()} selection={selection} />}
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
            aria-label={t.jumpToLatest}
            onClick={scroll.toEnd}
          >
            <Icon name="down" size={18} />
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
        {asked?.action === "react" && (
          <ReactDialog room={room} bubble={asked.bubble} onClose={() => setAsked(null)} />
        )}
        {asked?.action === "reactors" && (
          <Reactors bubble={asked.bubble} onClose={() => setAsked(null)} />
        )}
        {(asked?.action === "delete" || asked?.action === "hide") && (
          <DeleteMessage
            room={room}
            bubble={asked.bubble}
            forEveryone={asked.action === "delete"}
            onClose={() => setAsked(null)}
          />
        )}
        {asked?.action === "forward" && (
          <ForwardMessage room={room} bubbles={[asked.bubble]} onClose={() => setAsked(null)} />
        )}
        {asked?.action === "report" && (
          <ReportMessage room={room} bubble={asked.bubble} onClose={() => setAsked(null)} />
        )}
        {asked?.action === "revisions" && (
          <Revisions room={room} bubble={asked.bubble} onClose={() => setAsked(null)} />
        )}
        <LiveRegion items={items} number={number} people={people} />
      </div>
    </>
  );
}

/** The messages that are selected, and the windows of what is done with them. */
function Selected(props: {
  room: RoomView;
  items: readonly Item[];
  ground: ActionGround;
  selection: ReturnType<typeof useSelection>;
}) {
  const { room, items, ground, selection } = props;
  const { client } = useChat();
  const [asked, setAsked] = useState<"forward" | "delete" | null>(null);
  const bubbles = selectedBubbles(items, selection.selected ?? new Set());
  const actions = selectionActions(bubbles, ground);
  const close = () => setAsked(null);
  const star = async (on: boolean) => {
    for (const { position } of bubbles) {
      if (position !== null && ground.starred.has(position) !== on) {
        await client.messages.star(room.id, position, on);
      }
    }
    selection.end();
  };
  return (
    <>
      <SelectionBar
        count={bubbles.length}
        actions={actions}
        onForward={() => setAsked("forward")}
        onDelete={() => setAsked("delete")}
        onStar={star}
        onEnd={selection.end}
      />
      {asked === "forward" && (
        <ForwardMessage room={room} bubbles={bubbles} onClose={close} onDone={selection.end} />
      )}
      {asked === "delete" && (
        <DeleteMessages
          room={room}
          bubbles={bubbles}
          forEveryone={actions.deleteForEveryone}
          onDone={selection.end}
          onClose={close}
        />
      )}
    </>
  );
}

const NO_STARS: ReadonlyMap<number, number> = new Map();

/** What can be done with the messages of a timeline. */
interface Handlers {
  onEdit(text: string): void;
  onMenu(button: HTMLElement): void;
  /** Null where nobody reacts any more. */
  readonly onReact: ((bubble: Bubble, emoji: string, add: boolean) => void) | null;
  readonly onReply: ((bubble: Bubble) => void) | null;
  onChoose(bubble: Bubble): void;
  onJump(position: number): void;
  /** The position of the message to which somebody was just led. */
  readonly flashed: number | null;
  /** What this person has starred. */
  readonly starred: ReadonlyMap<number, number>;
  /** What this person has selected; null while they select nothing. */
  readonly selected: ReadonlySet<number> | null;
}

/** What could not be loaded is asked for again with the next entries. */
function ignore(): void {}

/** What a person has reacted with to a message. */
function reactedBy({ reactions }: Bubble, self: UserId | null): readonly string[] {
  const own = reactions.filter(({ users }) => self !== null && users.includes(self));
  return own.map(({ emoji }) => emoji);
}

/** Where a message comes from: who wrote it, and the room, where that may be told and is known here. */
function originOf(
  { by, place }: Forwarded,
  people: People,
  rooms: readonly RoomSummary[],
  t: Dictionary,
): string {
  const room = rooms.find((summary) => summary.room === place?.room);
  const name = people.name(by);
  return room ? t.forwardedFromIn(name, roomTitle(room, people)) : t.forwardedFrom(name);
}

function mentionsSelf({ mentions, own }: Bubble, self: UserId | null): boolean {
  if (!mentions || own || self === null) return false;
  return mentions.room || mentions.users.includes(self);
}

function isOver({ card }: RoomView): boolean {
  return card?.status.type === "closed";
}

/** Draws an item of the timeline. */
function useDraw(
  room: RoomView,
  items: readonly Item[],
  { onEdit, onMenu, onReact, onReply, onChoose, onJump, flashed, starred, selected }: Handlers,
): (item: Item) => ReactElement {
  const { t, day } = useI18n();
  const { client } = useChat();
  const people = usePeople(t);
  const self = useReadable(client.self);
  const { rooms } = useReadable(client.rooms);
  const receipts = useReceipts(room, items, people, self);
  const known = useRef(people);
  known.current = people;
  const nameOf = useCallback((user: UserId) => known.current.name(user), []);
  const retry = useCallback(
    (bubble: Bubble) => bubble.pending && client.retry(room.id, bubble.pending.key),
    [client, room.id],
  );
  const remove = useCallback(
    (bubble: Bubble) => bubble.pending && client.discard(room.id, bubble.pending.key),
    [client, room.id],
  );
  const edit = useCallback(
    (bubble: Bubble) => {
      if (!bubble.pending) return;
      client.discard(room.id, bubble.pending.key);
      onEdit(bubble.text ?? "");
    },
    [client, room.id, onEdit],
  );
  return (item) => {
    switch (item.type) {
      case "edge":
        return (
          <p key={item.key} className={styles.edge}>
            {edge(room, t)}
          </p>
        );
      case "more":
        return (
          <p key={item.key} className={styles.edge}>
            {t.loading}
          </p>
        );
      case "day":
        return (
          <div key={item.key} className={styles.day}>
            <span>{day(item.time, client.now())}</span>
          </div>
        );
      case "unread":
        return (
          <div key={item.key} className={styles.unread} data-testid="divider">
            {t.newMessagesHere}
          </div>
        );
      case "notice":
        return <Notice key={item.key} kind={item.kind} people={people} />;
      case "message":
        return (
          <BubbleRow
            key={item.key}
            bubble={item}
            room={room.id}
            mayClose={item.card?.type === "poll" && mayClosePoll(item, room)}
            name={people.name(item.sender)}
            named={!isDirect(room.summary)}
            delivery={item.own ? receipts.delivery(item) : null}
            note={receipts.note(item)}
            problem={problemOf(item.pending, t)}
            onRetry={retry}
            onEdit={edit}
            onDelete={remove}
            deleter={
              item.deletedBy && item.deletedBy !== item.sender ? people.name(item.deletedBy) : null
            }
            self={self}
            nameOf={nameOf}
            quoted={
              item.quote
                ? item.quote.sender === self
                  ? t.you
                  : people.name(item.quote.sender)
                : ""
            }
            origin={item.forwarded ? originOf(item.forwarded, people, rooms, t) : ""}
            mentioned={item.mentions?.users.map((user) => people.name(user)).join("\n") ?? ""}
            selfName={mentionsSelf(item, self) && self ? people.name(self) : null}
            starred={item.position !== null && starred.has(item.position)}
            selected={
              selected === null || item.position === null || item.deletedBy !== undefined
                ? null
                : selected.has(item.position)
            }
            flashed={item.position !== null && item.position === flashed}
            onReact={onReact}
            onReply={onReply}
            onChoose={onChoose}
            onJump={onJump}
            onMenu={item.position !== null && selected === null ? onMenu : null}
          />
        );
    }
  };
}

/** The day of the item at the upper edge while scrolling, unless its own separator is there. */
function DayAbove(props: { items: readonly Item[]; top: number; shown: boolean }) {
  const { day } = useI18n();
  const { client } = useChat();
  const { items, top, shown } = props;
  const found = dayOf(items, top);
  if (!found || found.at === top) return null;
  return (
    <div className={`${styles.day} ${styles.above}`} data-shown={shown} aria-hidden="true">
      <span>{day(found.time, client.now())}</span>
    </div>
  );
}

function edge({ entries, pending, moreBefore }: RoomView, t: Dictionary): string {
  if (moreBefore) return entries.length < HELD_ENTRIES ? t.loading : t.tooFarBack;
  return entries.length === 0 && pending.length === 0 ? t.emptyRoom : t.beginning;
}

function problemOf(pending: PendingMessage | null, t: Dictionary): string | null {
  if (!pending?.error) return null;
  const known = t.errors as Readonly<Record<string, string>>;
  return known[pending.error] ?? t.errors.other;
}
