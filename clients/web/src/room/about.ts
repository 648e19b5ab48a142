/** Where a place is shown on a map, and which of its pictures are shown. */

import type { Place } from "@caffis/chat";

const MAP = "https://www.openstreetmap.org";

/** The address of a map with the place; null where nobody could find it. */
export function mapAddress(place: Place): string | null {
  const [latitude, longitude] = (place.coordinates ?? "").split(",").map(Number);
  if (latitude !== undefined && longitude !== undefined) {
    if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) {
      const at = `${latitude}/${longitude}`;
      return `${MAP}/?mlat=${latitude}&mlon=${longitude}#map=17/${at}`;
    }
  }
  const words = [place.name, place.address].filter((line) => line !== null).join(", ");
  return words === "" ? null : `${MAP}/search?query=${encodeURIComponent(words)}`;
}

/** The pictures that the page shows: each once, and only what comes over HTTPS, because it loads nothing else. */
export function shownPhotos(photos: readonly string[]): readonly string[] {
  return [...new Set(photos)].filter((photo) => photo.startsWith("https://"));
}
