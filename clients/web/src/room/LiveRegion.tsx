import { useEffect, useRef, useState } from "react";
import type { People } from "../app/chat.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Item } from "./timeline.ts";

/** Tells screen readers of messages that come, apart from the list that they are in. */
export function LiveRegion({ items, people }: { items: readonly Item[]; people: People }) {
  const { t } = useI18n();
  const [text, setText] = useState("");
  const last = items.findLast((item) => item.type === "message" && !item.own);
  const spoken = useRef(last?.key);
  useEffect(() => {
    if (last?.type !== "message" || last.key === spoken.current) return;
    spoken.current = last.key;
    setText(t.says(people.firstName(last.sender), last.text ?? t.unknownMessage));
  }, [last, people, t]);
  return (
    <div className="visually-hidden" aria-live="polite">
      {text}
    </div>
  );
}
