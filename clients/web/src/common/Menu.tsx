import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";
import { holdStep } from "../app/route.ts";
import { Icon, type IconName } from "./Icon.tsx";
import styles from "./Menu.module.css";

/** How close to the edge of the page the menu comes. */
const EDGE = 8;

/** The entries of the menu. */
const ITEMS = "[role^=menuitem]";

/** Where a menu opens: below a point or a button. */
export interface MenuPlace {
  readonly x: number;
  readonly y: number;
}

/** A menu above the page: arrow keys go through its entries, Escape and a click beside it close it. */
export function Menu(props: {
  label: string;
  testId: string;
  place: MenuPlace;
  children: ReactNode;
  onClose(): void;
}) {
  const { label, testId, place, children, onClose } = props;
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

  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    // Whoever has a finger and no Escape key closes it by Back.
    if (matchMedia("(pointer: coarse)").matches) return holdStep(() => close.current());
  }, []);

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
        aria-label={label}
        data-testid={testId}
        style={{ left: at.x, top: at.y }}
        onKeyDown={key}
      >
        {children}
      </div>
    </div>,
    document.body,
  );
}

/** An entry of a menu. */
export function MenuItem(props: {
  icon: IconName;
  label: string;
  testId: string;
  /** It is set off, because it cannot be undone. */
  danger?: boolean;
  onChoose(): void;
}) {
  const { icon, label, testId, danger, onChoose } = props;
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      className={`${styles.item} ${danger ? styles.danger : ""}`}
      data-testid={testId}
      onClick={onChoose}
    >
      <Icon name={icon} size={18} />
      {label}
    </button>
  );
}
