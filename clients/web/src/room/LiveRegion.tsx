import { useEffect, useRef, useState } from "react";
import type { People } from "../app/chat.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Item } from "./timeline.ts";

/** Tells screen readers of messages that arrive, apart from the list that they are in. */
export function LiveRegion(props: {
  items: readonly Item[];
  /** The number of the room's last message; those that are here from the start are not spoken. */
  number: number;
  people: People;
}) {
  const { t } = useI18n();
  const { items, number, people } = props;
  const [text, setText] = useState("");
  const last = items.findLast((item) => item.type === "message" && !item.own);
  const spoken = useRef(number);
  useEffect(() => {
    if (last?.type !== "message" || (last.number ?? 0) <= spoken.current) return;
    spoken.current = last.number ?? 0;
    const gone = last.deletedBy !== undefined;
    const words = last.text ?? (gone ? t.messageDeleted : t.unknownMessage);
    setText(t.says(people.firstName(last.sender), words));
  }, [last, people, t]);
  return (
    <div className="visually-hidden" aria-live="polite">
      {text}
    </div>
  );
}
