import { type MouseEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { laterView } from "../app/later.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import type { MenuPlace } from "../common/Menu.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "../room/Composer.module.css";

const ItemMenu = laterView((views) => views.ItemMenu);

/** How long a finger rests on the button until its menu opens. */
const LONG_PRESS_MS = 450;

/** Sends what is written; a long press, a right click and the menu key offer to send it later, and so does its clock. */
export function SendButton(props: {
  editing: boolean;
  disabled: boolean;
  /** Opens the window in which the time is chosen; null where nothing can be scheduled. */
  onSchedule: (() => void) | null;
}) {
  const { t } = useI18n();
  const { editing, disabled, onSchedule } = props;
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  const press = useRef<number | null>(null);
  /** The press that opened the menu does not send. */
  const opened = useRef(false);
  const release = () => {
    if (press.current !== null) clearTimeout(press.current);
    press.current = null;
  };
  useEffect(() => release, []);
  const openAt = (button: HTMLElement) => {
    if (!onSchedule) return;
    const box = button.getBoundingClientRect();
    setMenu({ x: box.left, y: box.top });
  };
  return (
    <>
      {onSchedule && (
        <button
          type="button"
          className={controls.icon}
          aria-label={t.schedule}
          title={t.schedule}
          data-testid="schedule"
          onClick={onSchedule}
        >
          <Icon name="clock" />
        </button>
      )}
      <button
        type="submit"
        className={styles.send}
        aria-label={editing ? t.saveEdit : t.send}
        title={editing ? t.saveEdit : t.send}
        disabled={disabled}
        data-testid="send"
        onContextMenu={(event: MouseEvent<HTMLElement>) => {
          if (!onSchedule) return;
          event.preventDefault();
          release();
          openAt(event.currentTarget);
        }}
        onPointerDown={(event: PointerEvent<HTMLElement>) => {
          release();
          opened.current = false;
          if (event.pointerType !== "touch" || !onSchedule) return;
          const button = event.currentTarget;
          press.current = window.setTimeout(() => {
            opened.current = true;
            openAt(button);
          }, LONG_PRESS_MS);
        }}
        onPointerUp={release}
        onPointerCancel={release}
        onClick={(event) => {
          if (opened.current) event.preventDefault();
          opened.current = false;
        }}
      >
        <Icon name={editing ? "check" : "send"} />
      </button>
      {menu && onSchedule && (
        <ItemMenu
          label={t.sendOptions}
          testId="send-menu"
          place={menu}
          items={[{ icon: "clock", label: t.schedule, testId: "send-later", onChoose: onSchedule }]}
          onClose={() => setMenu(null)}
        />
      )}
    </>
  );
}
