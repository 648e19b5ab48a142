/** What a place shows, and where its links lead. Pure. */

import type { LocationBody, PlaceBody } from "@caffis/chat";

/** Decimals of a degree that the server keeps. */
const DECIMALS = 7;

/** How near the map is. */
const ZOOM = 17;

/** Degrees as the server keeps them, without zeros at the end; null for what is nowhere. */
export function degreesOf(written: string, most: 90 | 180): string | null {
  const text = written.trim().replace(",", ".");
  if (!/^-?\d{1,3}(\.\d+)?$/.test(text)) return null;
  const degrees = Number(text);
  return Math.abs(degrees) <= most ? shown(degrees) : null;
}

/** Degrees that a device measured. */
export function shown(degrees: number): string {
  return String(Number(degrees.toFixed(DECIMALS))).includes("e")
    ? "0"
    : String(Number(degrees.toFixed(DECIMALS)));
}

/** How inexact a position may be to say something, in metres. */
const LEAST_EXACT = 100_000;

/** Where a device is, as it is sent. */
export function ofDevice(coords: {
  readonly latitude: number;
  readonly longitude: number;
  readonly accuracy: number;
}): { readonly coordinates: string; readonly accuracy: number | null } {
  const { latitude, longitude, accuracy } = coords;
  const metres = accuracy <= LEAST_EXACT ? Math.round(accuracy) : null;
  return { coordinates: `${shown(latitude)},${shown(longitude)}`, accuracy: metres };
}

/** Where a map shows coordinates; null for what is nowhere. */
export function mapLink(coordinates: string): string | null {
  const [latitude, longitude] = partsOf(coordinates);
  if (latitude === null || longitude === null) return null;
  const place = `${latitude}/${longitude}`;
  return `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=${ZOOM}/${place}`;
}

/** What opens coordinates in the map of a phone; null for what is nowhere. */
export function geoLink(coordinates: string): string | null {
  const [latitude, longitude] = partsOf(coordinates);
  return latitude === null || longitude === null ? null : `geo:${latitude},${longitude}`;
}

function partsOf(coordinates: string): readonly [string | null, string | null] {
  const [latitude = "", longitude = "", more] = coordinates.split(",");
  if (more !== undefined) return [null, null];
  return [degreesOf(latitude, 90), degreesOf(longitude, 180)];
}

/** A link that may be opened: of the web only, whatever the server let through. */
export function webLink(website: string): string | null {
  return /^https?:\/\/[^/?#@]+([/?#]|$)/i.test(website) ? website : null;
}

/** A website as it is sent, whether or not somebody has typed its scheme; null for what is none. */
export function websiteOf(written: string): string | null {
  const bare = /^[^\s:/?#@]+\.[^\s:/?#@.]{2,}(:\d+)?([/?#]|$)/.test(written);
  return webLink(bare ? `https://${written}` : written);
}

/** What calls a telephone number. */
export function phoneLink(phone: string): string {
  return `tel:${phone.replace(/[^\d+]/g, "")}`;
}

/** What a card says of a place. */
export interface PlaceView {
  readonly name: string | null;
  readonly address: string | null;
  readonly coordinates: string | null;
  readonly accuracy: number | null;
  readonly phone: string | null;
  readonly website: string | null;
}

/** A location as a card. */
export function ofLocation({ name, address, coordinates, accuracy }: LocationBody): PlaceView {
  return { name, address, coordinates, accuracy, phone: null, website: null };
}

/** A place as a card. */
export function ofPlace({ name, address, coordinates, phone, website }: PlaceBody): PlaceView {
  return { name, address, coordinates, accuracy: null, phone, website };
}
