import type { IconName } from "../common/Icon.tsx";
import { Menu, MenuItem, type MenuPlace } from "../common/Menu.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { MessageAction } from "./actions.ts";
import { QUICK } from "./emoji.ts";
import styles from "./MessageMenu.module.css";

const ICONS: Readonly<Record<MessageAction, IconName>> = {
  react: "smile",
  reply: "reply",
  thread: "thread",
  original: "up",
  pin: "pin",
  unpin: "pin",
  forward: "forward",
  star: "star",
  unstar: "star",
  reactors: "group",
  edit: "write",
  copy: "copy",
  select: "check",
  revisions: "clock",
  report: "flag",
  delete: "bin",
  hide: "eye",
};

/** What is set off, because it cannot be undone. */
const DANGEROUS: ReadonlySet<MessageAction> = new Set(["delete", "report", "hide"]);

/** The same entries for a hover bar, a right click, a long press and the keyboard. */
export function MessageMenu(props: {
  actions: readonly MessageAction[];
  place: MenuPlace;
  /** What this person has reacted with. */
  reacted: readonly string[];
  onReact(emoji: string, add: boolean): void;
  onChoose(action: MessageAction): void;
  onClose(): void;
}) {
  const { t } = useI18n();
  const { actions, place, reacted, onReact, onChoose, onClose } = props;
  return (
    <Menu label={t.messageActions} testId="message-menu" place={place} onClose={onClose}>
      {actions.includes("react") && (
        <div className={styles.quick}>
          {QUICK.map((emoji) => (
            <button
              key={emoji}
              type="button"
              role="menuitemcheckbox"
              aria-checked={reacted.includes(emoji)}
              tabIndex={-1}
              className={styles.emoji}
              data-testid={`quick-${emoji}`}
              onClick={() => onReact(emoji, !reacted.includes(emoji))}
            >
              {emoji}
            </button>
          ))}
        </div>
      )}
      {actions.map((action) => (
        <MenuItem
          key={action}
          icon={ICONS[action]}
          label={t.actions[action]}
          testId={`action-${action}`}
          danger={DANGEROUS.has(action)}
          onChoose={() => onChoose(action)}
        />
      ))}
    </Menu>
  );
}
