import { useI18n } from "../i18n/i18n.tsx";
import styles from "./QuoteBlock.module.css";
import type { Quote } from "./quotes.ts";

/** The message that another one answers, above its words. It leads to that message. */
export function QuoteBlock(props: {
  quote: Quote;
  name: string;
  own: boolean;
  onJump(position: number): void;
}) {
  const { t } = useI18n();
  const { quote, name, own, onJump } = props;
  const { state, text, position } = quote;
  const there = state === "there";
  const words = {
    there: text ?? t.unknownMessage,
    loading: t.loading,
    deleted: t.messageDeleted,
    hidden: t.quoteHidden,
  }[state];
  return (
    <button
      type="button"
      className={`${styles.quote} ${own ? styles.own : ""}`}
      tabIndex={-1}
      disabled={!there && state !== "deleted"}
      title={there ? t.goToQuote : undefined}
      data-testid="quote"
      data-state={state}
      onClick={() => onJump(position)}
    >
      <bdi className="visually-hidden">{t.inReplyTo} </bdi>
      {there && <strong dir="auto">{name}</strong>}
      <span className={there ? styles.words : styles.nothing} dir="auto">
        {words}
      </span>
    </button>
  );
}
