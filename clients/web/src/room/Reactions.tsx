import type { UserId } from "@caffis/chat";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Reactions.module.css";
import type { ReactionGroup } from "./timeline.ts";

/** What people reacted with to a message, below it. */
export function Reactions(props: {
  groups: readonly ReactionGroup[];
  self: UserId | null;
  name(user: UserId): string;
  /** Adds a reaction of this person, or takes it back; null where they may not. */
  onReact: ((emoji: string, add: boolean) => void) | null;
}) {
  const { t, names } = useI18n();
  const { groups, self, name, onReact } = props;
  return (
    <div className={styles.reactions} data-testid="reactions">
      {groups.map(({ emoji, users }) => {
        const own = self !== null && users.includes(self);
        const who = names(users.map((user) => (user === self ? t.you : name(user))));
        return (
          <button
            key={emoji}
            type="button"
            className={styles.reaction}
            aria-pressed={own}
            title={who}
            disabled={onReact === null}
            data-testid="reaction"
            onClick={() => onReact?.(emoji, !own)}
          >
            <span>{emoji}</span> <span>{users.length}</span>
            <span className="visually-hidden">, {t.reactedWith(who)}</span>
          </button>
        );
      })}
    </div>
  );
}
