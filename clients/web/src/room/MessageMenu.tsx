import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Icon, type IconName } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { MessageAction } from "./actions.ts";
import { QUICK } from "./emoji.ts";
import styles from "./MessageMenu.module.css";

/** How close to the edge of the page the menu comes. */
const EDGE = 8;

const ICONS: Readonly<Record<MessageAction, IconName>> = {
  react: "smile",
  reply: "reply",
  original: "up",
  pin: "pin",
  unpin: "pin",
  reactors: "group",
  edit: "write",
  copy: "copy",
  revisions: "clock",
  report: "flag",
  delete: "bin",
  hide: "eye",
};

/** What is set off, because it cannot be undone. */
const DANGEROUS: ReadonlySet<MessageAction> = new Set(["delete", "report", "hide"]);

/** The entries of the menu. */
const ITEMS = "[role^=menuitem]";

/** Where a menu opens: below a point or a button. */
export interface MenuPlace {
  readonly x: number;
  readonly y: number;
}

/** The same entries for a hover bar, a right click, a long press and the keyboard. */
export function MessageMenu(props: {
  actions: readonly MessageAction[];
  place: MenuPlace;
  /** What this person has reacted with. */
  reacted: readonly string[];
  onReact(emoji: string, add: boolean): void;
  onChoose(action: MessageAction): void;
  onClose(): void;
}) {
  const { t } = useI18n();
  const { actions, place, reacted, onReact, onChoose, onClose } = props;
  const menu = useRef<HTMLDivElement>(null);
  const veil = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(place);

  useLayoutEffect(() => {
    const box = menu.current?.getBoundingClientRect();
    if (!box) return;
    const x = Math.min(place.x, innerWidth - box.width - EDGE);
    const y = place.y + box.height + EDGE > innerHeight ? place.y - box.height : place.y;
    setAt({ x: Math.max(EDGE, x), y: Math.max(EDGE, y) });
    menu.current?.querySelector<HTMLElement>(ITEMS)?.focus();
  }, [place]);

  useEffect(() => {
    const shown = new AbortController();
    const { signal } = shown;
    addEventListener("resize", onClose, { signal });
    // Whatever lies below does not get the click that closes the menu; and the finger that opened it
    // does not close it when it is lifted.
    let pressed = false;
    const press = ({ target }: Event) => {
      pressed = target === veil.current;
    };
    const click = ({ target }: Event) => pressed && target === veil.current && onClose();
    veil.current?.addEventListener("pointerdown", press, { signal });
    veil.current?.addEventListener("click", click, { signal });
    addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    return () => shown.abort();
  }, [onClose]);

  const key = (event: KeyboardEvent) => {
    const items = [...(menu.current?.querySelectorAll<HTMLElement>(ITEMS) ?? [])];
    const focused = items.indexOf(document.activeElement as HTMLElement);
    const next = {
      ArrowRight: (focused + 1) % items.length,
      ArrowLeft: (focused - 1 + items.length) % items.length,
      ArrowDown: (focused + 1) % items.length,
      ArrowUp: (focused - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    }[event.key];
    // Keys belong to the menu while it is open.
    event.stopPropagation();
    if (next !== undefined) {
      event.preventDefault();
      items[next]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      onClose();
    }
  };

  return createPortal(
    <div ref={veil} className={styles.veil}>
      <div
        ref={menu}
        className={styles.menu}
        role="menu"
        tabIndex={-1}
        aria-label={t.messageActions}
        data-testid="message-menu"
        style={{ left: at.x, top: at.y }}
        onKeyDown={key}
      >
        {actions.includes("react") && (
          <div className={styles.quick}>
            {QUICK.map((emoji) => (
              <button
                key={emoji}
                type="button"
                role="menuitemcheckbox"
                aria-checked={reacted.includes(emoji)}
                tabIndex={-1}
                className={styles.emoji}
                data-testid={`quick-${emoji}`}
                onClick={() => onReact(emoji, !reacted.includes(emoji))}
              >
                {emoji}
              </button>
            ))}
          </div>
        )}
        {actions.map((action) => (
          <button
            key={action}
            type="button"
            role="menuitem"
            tabIndex={-1}
            className={`${styles.item} ${DANGEROUS.has(action) ? styles.danger : ""}`}
            data-testid={`action-${action}`}
            onClick={() => onChoose(action)}
          >
            <Icon name={ICONS[action]} size={18} />
            {t.actions[action]}
          </button>
        ))}
      </div>
    </div>,
    document.body,
  );
}
