import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { FoundText } from "../search/FoundText.tsx";
import styles from "./Cards.module.css";
import { geoLink, mapLink, type PlaceView, phoneLink, webLink } from "./places.ts";

/** A location or a place. Nothing is loaded from a map: only whoever follows the link goes there. */
export function PlaceCard({ place }: { place: PlaceView }) {
  const { t } = useI18n();
  const { name, address, coordinates, accuracy, phone, website } = place;
  // What has a finger has a map of its own.
  const touch = matchMedia("(pointer: coarse)").matches;
  const map = coordinates === null ? null : mapLink(coordinates);
  const geo = coordinates === null || !touch ? null : geoLink(coordinates);
  const link = website === null ? null : webLink(website);
  return (
    <div className={styles.card} data-testid="place">
      <span className={styles.question} dir="auto">
        <Icon name="place" size={16} /> {name === null ? t.location : <FoundText text={name} />}
      </span>
      {address && (
        <span dir="auto">
          <FoundText text={address} />
        </span>
      )}
      {coordinates && (
        <span className={styles.kind} data-testid="coordinates">
          {coordinates}
          {accuracy !== null && ` · ${t.accurateTo(accuracy)}`}
        </span>
      )}
      <span className={styles.line}>
        {phone && (
          <a className={styles.link} href={phoneLink(phone)}>
            {phone}
          </a>
        )}
        {website &&
          (link ? (
            <a className={styles.link} href={link} target="_blank" rel="noopener noreferrer">
              {website}
            </a>
          ) : (
            <span>{website}</span>
          ))}
        {geo && (
          <a className={styles.link} href={geo} data-testid="open-map">
            {t.openInMaps}
          </a>
        )}
        {map && (
          <a
            className={styles.link}
            href={map}
            target="_blank"
            rel="noopener noreferrer"
            data-testid="map"
          >
            {t.showOnMap}
          </a>
        )}
      </span>
    </div>
  );
}
