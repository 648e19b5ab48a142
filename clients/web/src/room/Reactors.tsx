import { usePeople } from "../app/chat.tsx";
import { Avatar } from "../common/Avatar.tsx";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Reactors.module.css";
import type { Bubble } from "./timeline.ts";

/** Says who reacted to a message, and with what. */
export function Reactors(props: { bubble: Bubble; onClose(): void }) {
  const { t } = useI18n();
  const people = usePeople(t);
  const all = props.bubble.reactions.flatMap(({ emoji, users }) =>
    users.map((user) => ({ emoji, user })),
  );
  return (
    <Dialog title={t.reactors} onClose={props.onClose}>
      <ul className={styles.list} data-testid="reactors">
        {all.map(({ emoji, user }) => (
          <li key={`${emoji} ${user}`}>
            <Avatar name={people.name(user)} seed={user} size="s" />
            <span dir="auto">{people.name(user)}</span>
            <span>{emoji}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
