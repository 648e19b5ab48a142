import {
  type KeyboardEvent,
  type RefObject,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { type Completed, complete, type Offer, offeredAt, wordAt } from "./completion.ts";

/** Completes words in a field while they are written. */
export function useCompletion(options: {
  /** The words that are completed. */
  kinds: readonly Completed[];
  text: string;
  field: RefObject<HTMLTextAreaElement | null>;
  setText(text: string): void;
}) {
  const { kinds, text, field, setText } = options;
  const id = useId();
  const [caret, setCaret] = useState(0);
  const [active, setActive] = useState(0);
  /** Where the word begins of which the list was closed. */
  const [closed, setClosed] = useState<number | null>(null);
  const next = useRef<number | null>(null);
  const offered = offeredAt(text, caret, kinds);
  const open = offered && offered.word.start !== closed ? offered : null;
  const offers = open?.offers ?? [];
  const at = Math.min(active, offers.length - 1);

  useLayoutEffect(() => {
    if (next.current === null) return;
    field.current?.setSelectionRange(next.current, next.current);
    next.current = null;
  });

  const choose = (offer: Offer) => {
    if (!open) return;
    offer.onChosen?.();
    const after = complete(text, caret, open.word, offer.written);
    next.current = after.caret;
    setCaret(after.caret);
    setActive(0);
    setText(after.text);
    field.current?.focus();
  };

  return {
    /** The list, while something is offered. */
    list: open && { id, completed: open.completed, offers, active: at, onChoose: choose },
    /** The caret moved, or something was written. */
    onCaret: () => {
      const { value = "", selectionStart: now = 0 } = field.current ?? {};
      if (now !== caret) setActive(0);
      setCaret(now);
      const isIn = ({ sign }: Completed) => wordAt(value, now, sign)?.start === closed;
      if (!kinds.some(isIn)) setClosed(null);
    },
    /** Takes a key that belongs to the list; says whether it did. */
    onKey: (event: KeyboardEvent): boolean => {
      const offer = offers[at];
      if (!offer || !open || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) {
        return false;
      }
      switch (event.key) {
        case "ArrowDown":
          setActive((at + 1) % offers.length);
          return true;
        case "ArrowUp":
          setActive((at - 1 + offers.length) % offers.length);
          return true;
        case "Enter":
        case "Tab":
          choose(offer);
          return true;
        case "Escape":
          setClosed(open.word.start);
          return true;
        default:
          return false;
      }
    },
  };
}
