import type { Card } from "@caffis/chat";
import { useState } from "react";
import { useI18n } from "../i18n/i18n.tsx";
import { mapAddress, shownPhotos } from "./about.ts";
import styles from "./Room.module.css";

/** What the room is about: when and where, above the conversation. */
export function About({ card }: { card: Card }) {
  const { t, when } = useI18n();
  const { place, time, ends } = card.details;
  const photos = shownPhotos(card.details.photos);
  const map = place && mapAddress(place);
  const over = card.status.type === "cancelled" || card.status.type === "closed";
  if (!place && time === null && photos.length === 0 && !over) return null;
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
      {photos.length > 0 && (
        <ul className={styles.photos} aria-label={t.photos} data-testid="photos">
          {photos.map((photo, at) => (
            <Photo key={photo} address={photo} label={t.photo(at + 1)} />
          ))}
        </ul>
      )}
      {map && (
        <a href={map} target="_blank" rel="noopener noreferrer" data-testid="map">
          {t.map}
        </a>
      )}
    </section>
  );
}

/** A picture of the place; nothing where it cannot be loaded. */
function Photo({ address, label }: { address: string; label: string }) {
  const [broken, setBroken] = useState(false);
  if (broken) return null;
  return (
    <li>
      <a href={address} target="_blank" rel="noopener noreferrer">
        <img
          src={address}
          alt={label}
          width={72}
          height={54}
          loading="lazy"
          referrerPolicy="no-referrer"
          onError={() => setBroken(true)}
        />
      </a>
    </li>
  );
}
