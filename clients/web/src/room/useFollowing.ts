import { type RefObject, useCallback, useEffect, useState } from "react";
import { Following } from "./following.ts";

/** What a person does to a view with a mouse, a finger or keys; the focus comes from elsewhere, too. */
const INPUTS = ["wheel", "touchmove", "keydown", "focusin", "pointerdown", "pointermove"] as const;

/** Whether the end of a view is followed: until the person scrolls up, even if new items grow below. */
export function useFollowing(ref: RefObject<HTMLElement | null>, moreAfter: boolean) {
  const [following] = useState(() => new Following());
  const [atEnd, setAtEnd] = useState(true);
  useEffect(() => {
    const view = ref.current;
    const onInput = (event: Event) => following.input(event, performance.now());
    // A scrollbar may swallow the release: a pointer that moves with no button down tells it, too.
    const onFree = (event: PointerEvent) => {
      if (event.buttons === 0) following.released(performance.now());
    };
    const passive = { passive: true };
    for (const type of INPUTS) view?.addEventListener(type, onInput, passive);
    for (const type of ["pointerup", "pointercancel", "pointermove"] as const) {
      addEventListener(type, onFree, passive);
    }
    return () => {
      for (const type of INPUTS) view?.removeEventListener(type, onInput);
      for (const type of ["pointerup", "pointercancel", "pointermove"] as const) {
        removeEventListener(type, onFree);
      }
    };
  }, [ref, following]);
  /** The view may have moved. */
  const look = useCallback(() => {
    const view = ref.current;
    const top = view?.scrollTop ?? 0;
    const gap = view ? view.scrollHeight - top - view.clientHeight : 0;
    following.look({ top, gap }, !moreAfter, performance.now());
    setAtEnd(following.on && !moreAfter);
  }, [ref, following, moreAfter]);
  return { following, atEnd, look };
}
