import type { Card } from "@caffis/chat";
import { useI18n } from "../i18n/i18n.tsx";
import { mapAddress } from "./about.ts";
import styles from "./Room.module.css";

/** What the room is about: when and where, above the conversation. */
export function About({ card }: { card: Card }) {
  const { t, when } = useI18n();
  const { place, time, ends } = card.details;
  const map = place && mapAddress(place);
  const over = card.status.type === "cancelled" || card.status.type === "closed";
  if (!place && time === null && !over) return null;
  return (
    <section className={styles.about} aria-label={t.about} data-testid="about">
      {card.status.type === "cancelled" && <strong>{t.contextCancelled}</strong>}
      {card.status.type === "closed" && <strong>{t.contextClosed}</strong>}
      {time !== null && <time dateTime={new Date(time).toISOString()}>{when(time, ends)}</time>}
      {place && (
        <span dir="auto">
          {[place.name, place.address].filter((line) => line !== null).join(" · ")}
        </span>
      )}
      {map && (
        <a href={map} target="_blank" rel="noopener noreferrer" data-testid="map">
          {t.map}
        </a>
      )}
    </section>
  );
}
