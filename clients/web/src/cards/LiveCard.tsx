import { type LocationBody, livePositionOf, type RoomId, type UserId } from "@caffis/chat";
import { useChat, useReadable } from "@caffis/chat-react";
import { Problem, useAction } from "../app/useAction.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Cards.module.css";
import { liveState } from "./live.ts";
import { PlaceCard } from "./PlaceCard.tsx";
import { ofLocation } from "./places.ts";
import { useNow } from "./useNow.ts";

/** A live location: where its sender is now, until it ends. */
export function LiveCard(props: {
  room: RoomId;
  position: number;
  sender: UserId;
  own: boolean;
  /** What its message says: where it began, or ended. */
  location: LocationBody;
  /** When it ends by itself. */
  until: number;
  /** Whether its sender has ended it. */
  ended: boolean;
}) {
  const { room, position, sender, own, location, until } = props;
  const { t, time } = useI18n();
  const client = useChat();
  const positions = useReadable(client.locations.positions);
  const heard = livePositionOf(positions, room, position, sender);
  const now = useNow();
  const action = useAction();
  const state = props.ended ? "ended" : liveState(until, heard?.time ?? null, now);
  // What its sender said at the end counts more than what was heard before.
  const at = heard && !props.ended ? { ...location, ...heard } : location;
  const end = () => client.locations.end({ room, message: position, until, location: at });
  return (
    <div className={styles.live} data-testid="live-location" data-state={state}>
      <PlaceCard place={ofLocation(at)} />
      <span className={styles.kind} data-testid="live-state">
        {state === "ended" ? t.liveEnded : t.liveUntil(time(until))}
        {state === "silent" && ` · ${heard ? t.liveLastSeen(time(heard.time)) : t.liveWaiting}`}
      </span>
      {own && state !== "ended" && (
        <button
          type="button"
          className={styles.link}
          disabled={action.busy}
          data-testid="live-end"
          onClick={() => void action.run(end)}
        >
          {t.liveEnd}
        </button>
      )}
      <Problem action={action} />
    </div>
  );
}
