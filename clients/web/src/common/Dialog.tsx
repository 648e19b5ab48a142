import { type ReactNode, useEffect, useId, useRef } from "react";
import { holdStep } from "../app/route.ts";
import { useI18n } from "../i18n/i18n.tsx";
import controls from "./controls.module.css";
import styles from "./Dialog.module.css";
import { Icon } from "./Icon.tsx";

/** Marks what has the focus when a window opens, where a key is enough to type; otherwise its first button has it. */
export const FIRST = { "data-first": "" } as const;

/** The same under a finger, too, where the focus opens the keyboard. */
export const FIRST_EVERYWHERE = { "data-first": "everywhere" } as const;

/** What has the focus first in a window. */
function firstIn(dialog: HTMLElement): HTMLElement | null {
  const typed = matchMedia("(pointer: fine)").matches;
  return dialog.querySelector(typed ? "[data-first]" : "[data-first=everywhere]");
}

/** Puts the caret of a text field where it is now. Null for other elements, and for fields without a caret. */
function caretOf(element: Element | null): (() => void) | null {
  const field = element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement;
  if (!field) return null;
  const { selectionStart, selectionEnd } = element;
  if (selectionStart === null) return null;
  return () => element.setSelectionRange(selectionStart, selectionEnd);
}

/** A modal window: the platform's own, which keeps the focus inside and closes on Escape and on Back. */
export function Dialog(props: { title: string; onClose(): void; children: ReactNode }) {
  const { t } = useI18n();
  const { title, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    const caret = caretOf(opener);
    const window = dialog.current;
    window?.showModal();
    if (window) firstIn(window)?.focus();
    const leave = holdStep(() => window?.close());
    return () => {
      leave();
      // The platform restores the focus when it closes the window, but not when React removes it.
      if (document.activeElement === document.body && opener instanceof HTMLElement) opener.focus();
      // The caret it leaves in the window, which is gone: what is typed would go nowhere.
      if (caret && document.activeElement === opener) caret();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      aria-labelledby={id}
      onClose={onClose}
      onPointerDown={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
    >
      <div className={styles.body}>
        <header className={styles.head}>
          <h2 id={id}>{title}</h2>
          <button
            type="button"
            className={controls.icon}
            aria-label={t.close}
            onClick={() => dialog.current?.close()}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
