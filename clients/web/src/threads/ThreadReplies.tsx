import { isDeleted, type RoomView, threadOf } from "@caffis/chat";
import { type ShownThread, useChat, useLimits, useSelf, useStars } from "@caffis/chat-react";
import { type KeyboardEvent, type RefObject, useCallback, useMemo, useRef, useState } from "react";
import { usePeople } from "../app/chat.tsx";
import { usePlace } from "../app/place.ts";
import { useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { useI18n } from "../i18n/i18n.tsx";
import { type ActionGround, actionsFor, type MessageAction } from "../room/actions.ts";
import type { ComposerHandle } from "../room/Composer.tsx";
import { useDraw } from "../room/draw.tsx";
import { LiveRegion } from "../room/LiveRegion.tsx";
import { type Asked, MessageDialogs } from "../room/MessageDialogs.tsx";
import { MessageMenu } from "../room/MessageMenu.tsx";
import { type Bubble, type Item, messageAfterKey, timeline } from "../room/timeline.ts";
import { reactedBy, useMessageChanges } from "../room/useMessageChanges.ts";
import { useMessageMenu } from "../room/useMessageMenu.ts";
import { countOf } from "./countOf.ts";
import styles from "./ThreadPanel.module.css";
import { useArrival } from "./useArrival.ts";
import { useThreadScroll } from "./useThreadScroll.ts";

const NO_STARS: ReadonlyMap<number, number> = new Map();

/** The root of a thread and its replies, with the same menu as in the room. */
export function ThreadReplies(props: {
  room: RoomView;
  root: number;
  thread: ShownThread;
  composer: RefObject<ComposerHandle | null>;
}) {
  const { t } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const { room, root, thread, composer } = props;
  const { page } = thread;
  const self = useSelf();
  const limits = useLimits();
  const starred = useStars().get(room.id) ?? NO_STARS;
  const log = useRef<HTMLElement>(null);
  const items = useItems(room, root, thread);
  const toItem = useThreadScroll(log, items, page?.moreAfter ?? false);
  const place = usePlace(room.id, root);
  const flashed = useArrival({ place, thread, items, toItem });
  const { problem, react, pin, star } = useMessageChanges(room);
  const ground = (): ActionGround => ({
    ...{ room, limits, starred },
    now: client.now(),
    inThread: true,
  });
  // What is selected is selected in the room.
  const actions = (bubble: Bubble) =>
    actionsFor(bubble, ground()).filter((action) => action !== "select");
  const menu = useMessageMenu({ items, log, has: (bubble) => actions(bubble).length > 0 });
  const openMenu = useRef(menu.openBelow);
  openMenu.current = menu.openBelow;
  const onMenu = useCallback((button: HTMLElement) => openMenu.current(button), []);
  const [asked, setAsked] = useState<Asked | null>(null);
  const choose = (action: MessageAction, bubble: Bubble) => {
    menu.close();
    if (action === "edit") composer.current?.change(bubble);
    else if (action === "pin" || action === "unpin") pin(bubble, action === "pin");
    else if (action === "star" || action === "unstar") star(bubble, action === "star");
    else if (action === "copy") void navigator.clipboard.writeText(bubble.text ?? "");
    else setAsked({ action, bubble });
  };
  const over = room.card?.status.type === "closed";
  const draw = useDraw(room, items, {
    onEdit: useCallback((text: string) => composer.current?.edit(text), [composer]),
    onChoose: useCallback((bubble: Bubble) => setAsked({ action: "react", bubble }), []),
    ...{ onMenu, onJump: nowhere, onThread: nowhere, starred, flashed, selected: null },
    onReact: over ? null : react,
    onReply: null,
  });
  const [active, setActive] = useState(0);
  const keyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && menu.openFocused()) return event.preventDefault();
    const row = document.activeElement?.closest<HTMLElement>("li[data-index]");
    const to = row ? messageAfterKey(items, Number(row.dataset.index), event.key) : null;
    if (to === null) return;
    event.preventDefault();
    setActive(to);
    log.current?.querySelector<HTMLElement>(`li[data-index="${to}"]`)?.focus();
  };
  const older = useAction();
  const newer = useAction();
  const begun = items.findIndex((item) => item.type === "message" && item.position !== root);
  const reachable = items[active]?.type === "message" ? active : 0;

  return (
    <section
      className={styles.log}
      ref={log}
      aria-label={t.threadMessages}
      onKeyDown={keyDown}
      onContextMenu={menu.onContextMenu}
      onPointerDown={menu.onPointerDown}
      onPointerMove={menu.onPointerMove}
      onPointerUp={menu.onPointerUp}
      onPointerCancel={menu.onPointerCancel}
      onScroll={menu.onPointerUp}
    >
      <ol className={styles.replies} data-testid="replies">
        {items.map((item, index) => (
          <li
            key={item.key}
            data-index={index}
            tabIndex={item.type === "message" ? (index === reachable ? 0 : -1) : undefined}
          >
            {index === begun && page && (
              <p className={styles.count} data-testid="thread-count">
                {t.repliesCount(countOf(page.root))}
              </p>
            )}
            {index === begun && page?.moreBefore && (
              <button
                type="button"
                className={`${controls.button} ${controls.soft}`}
                disabled={older.busy}
                data-testid="older-replies"
                onClick={() => void older.run(thread.loadOlder)}
              >
                {t.olderReplies}
              </button>
            )}
            {draw(item)}
          </li>
        ))}
      </ol>
      {page?.moreAfter && (
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          disabled={newer.busy}
          data-testid="newer-replies"
          onClick={() => void newer.run(thread.loadNewer)}
        >
          {t.newerReplies}
        </button>
      )}
      {menu.open && (
        <MessageMenu
          actions={actions(menu.open.bubble)}
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
        <p className={controls.error} role="alert">
          {problem}
        </p>
      )}
      <MessageDialogs
        room={room}
        asked={asked}
        onClose={() => {
          // What is hidden may be further up than what the room has here.
          if (asked?.action === "hide") thread.retry();
          setAsked(null);
        }}
      />
      <LiveRegion items={items} number={room.summary.number} people={people} />
    </section>
  );
}

/** Nothing in a thread leads elsewhere. */
function nowhere(): void {}

/** The items of a thread: the root, its replies, and what this person's replies wait for. */
function useItems(
  room: RoomView,
  root: number,
  { page, read, following }: ShownThread,
): readonly Item[] {
  const self = useSelf();
  // The divider stays where it was when the thread was opened.
  const [dividerAfter] = useState(() => (following ? read : null));
  const { pending } = room;
  return useMemo(() => {
    if (!page) return [];
    const { kind } = page.root;
    const gone = kind.type === "message" && isDeleted(kind.value) && page.replies.length === 0;
    const entries = gone ? page.replies : [page.root, ...page.replies];
    const all = timeline({
      entries,
      pending: pending.filter(({ extras }) => threadOf(extras)?.root === root),
      self,
      dividerAfter,
      inThread: true,
    });
    return all.filter((item) => item.type !== "edge");
  }, [page, pending, root, self, dividerAfter]);
}
