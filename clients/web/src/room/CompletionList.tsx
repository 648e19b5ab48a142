import styles from "./CompletionList.module.css";
import type { Completed, Offer } from "./completion.ts";

/** What the word that is being written can be completed to. The field keeps the focus. */
export function CompletionList(props: {
  id: string;
  completed: Completed;
  offers: readonly Offer[];
  active: number;
  onChoose(offer: Offer): void;
}) {
  const { id, completed, offers, active, onChoose } = props;
  const { kind, label } = completed;
  return (
    <div
      id={id}
      className={styles.list}
      role="listbox"
      aria-label={label}
      data-testid={`${kind}-list`}
    >
      {offers.map((offer, index) => (
        <div
          key={offer.id}
          id={`${id}-${index}`}
          className={styles.option}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          data-testid={`${kind}-${offer.id}`}
          // Before the field loses the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(offer);
          }}
        >
          {offer.picture}
          <span dir="auto">{offer.name}</span>
          {offer.hint && <small dir="auto">{offer.hint}</small>}
        </div>
      ))}
    </div>
  );
}
