import type { ChatClient, Sharing } from "@caffis/chat";
import { useReadable, useSelf } from "@caffis/chat-react";
import { useEffect } from "react";
import { ofDevice } from "./places.ts";

/** Where a tab keeps what it shares, so that it goes on when the page is loaded again. */
const KEY = "caffis.sharing";

/** Watches where the device is for as long as this person shares it anywhere, and tells it there. */
export function useSharing(client: ChatClient): void {
  const sharing = useReadable(client.locations.sharing);
  const self = useSelf();
  const shares = sharing.length > 0;
  // Once it is known who this is, and when it is by the server's clock.
  useEffect(() => {
    if (self) for (const before of kept(self)) client.locations.resume(before);
  }, [client, self]);
  useEffect(() => {
    if (self) sessionStorage.setItem(KEY, JSON.stringify({ self, sharing }));
  }, [self, sharing]);
  useEffect(() => {
    if (!shares || !navigator.geolocation) return;
    const watch = navigator.geolocation.watchPosition(
      ({ coords }) => client.locations.moved(ofDevice(coords)),
      // It is tried again by the browser; the others see that nothing comes.
      () => {},
      { enableHighAccuracy: true },
    );
    return () => navigator.geolocation.clearWatch(watch);
  }, [client, shares]);
}

/** What this person shared from this tab before. */
function kept(self: string): readonly Sharing[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    const before = value as { self?: unknown; sharing?: unknown } | null;
    return before?.self === self && Array.isArray(before.sharing) ? before.sharing : [];
  } catch {
    return [];
  }
}
