import { useI18n } from "../i18n/i18n.tsx";
import { FoundText } from "../search/FoundText.tsx";
import styles from "./MentionText.module.css";
import { EVERYBODY, splitMentions } from "./mentions.ts";

/** The words of a message, with those that mention somebody set off. */
export function MentionText(props: {
  text: string;
  /** The names of those whom it mentions. */
  names: readonly string[];
  /** Whether it mentions everybody. */
  everybody: boolean;
  /** The name of this person, if it mentions them. */
  self: string | null;
}) {
  const { t } = useI18n();
  const { text, everybody, self } = props;
  const names = everybody ? [...props.names, EVERYBODY] : props.names;
  return splitMentions(text, names).map(({ text: part, name }, index) => {
    if (name === null) return <FoundText key={index} text={part} />;
    const own = names[name] === EVERYBODY || names[name] === self;
    return (
      <span
        key={index}
        className={`${styles.mention} ${own && self !== null ? styles.own : ""}`}
        data-testid="mention"
        data-own={own && self !== null}
      >
        <FoundText text={part} />
        {own && self !== null && <span className="visually-hidden"> ({t.mentionsYou})</span>}
      </span>
    );
  });
}
