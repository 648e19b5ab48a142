import type { RoomId } from "@caffis/chat";
import { useTyping } from "@caffis/chat-react";
import { usePeople } from "../app/chat.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Room.module.css";

/** Who is typing. Its place is always there, so that nothing jumps. */
export function TypingLine({ room }: { room: RoomId }) {
  const { t, names } = useI18n();
  const people = usePeople(t);
  const { users } = useTyping(room);
  const known = users.map((user) => people.firstName(user));
  const text =
    known.length === 0
      ? ""
      : known.length === 1
        ? t.isTyping(known[0] ?? "")
        : known.length <= 3
          ? t.areTyping(names(known))
          : t.manyTyping;
  return (
    <div className={styles.typing} data-testid="typing" role="status">
      {text && (
        <>
          <span className={styles.dots} aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {text}
        </>
      )}
    </div>
  );
}
