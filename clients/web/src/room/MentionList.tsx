import { Avatar } from "../common/Avatar.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./MentionList.module.css";
import { type Completion, EVERYBODY } from "./mentions.ts";

/** What the mention that is being written can be completed to. The field keeps the focus. */
export function MentionList(props: {
  id: string;
  options: readonly Completion[];
  active: number;
  onChoose(option: Completion): void;
}) {
  const { t } = useI18n();
  const { id, options, active, onChoose } = props;
  return (
    <div
      id={id}
      className={styles.list}
      role="listbox"
      aria-label={t.mentionWhom}
      data-testid="mention-list"
    >
      {options.map((option, index) => {
        const everybody = option === EVERYBODY;
        const name = everybody ? t.everybodyHere : option.name;
        return (
          <div
            key={everybody ? EVERYBODY : option.user}
            id={`${id}-${index}`}
            className={styles.option}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            data-testid={`mention-${everybody ? EVERYBODY : option.user}`}
            // Before the field loses the focus.
            onPointerDown={(event) => {
              event.preventDefault();
              onChoose(option);
            }}
          >
            <Avatar
              name={name}
              seed={everybody ? EVERYBODY : option.user}
              icon={everybody ? "group" : undefined}
              size="s"
            />
            <span dir="auto">{name}</span>
            <small dir="auto">@{everybody ? EVERYBODY : option.user}</small>
          </div>
        );
      })}
    </div>
  );
}
