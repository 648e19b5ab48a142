/** How far the members of a room have come. Pure. */

import type { Marker } from "../protocol.ts";
import type { RoomView } from "./views.ts";

/** A room after members have come further: nobody goes back. */
export function markersAfter(view: RoomView, changed: readonly Marker[]): RoomView {
  const markers = new Map(view.markers);
  let moved = false;
  for (const marker of changed) {
    const before = markers.get(marker.user);
    const delivered = Math.max(marker.delivered, marker.read, before?.delivered ?? 0);
    const read = Math.max(marker.read, before?.read ?? 0);
    if (before && before.delivered === delivered && before.read === read) continue;
    markers.set(marker.user, { ...marker, delivered, read });
    moved = true;
  }
  return moved ? { ...view, markers } : view;
}
