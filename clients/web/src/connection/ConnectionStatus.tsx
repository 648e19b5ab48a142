import { useChat, useConnection } from "@caffis/chat-react";
import { useAction } from "../app/useAction.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./ConnectionStatus.module.css";

/** Which transport is in use and how the connection is. */
export function ConnectionStatus() {
  const { t } = useI18n();
  const { phase, transport, roundTripMs } = useConnection();
  const online = phase === "online" && transport !== null;
  const roundTrip =
    roundTripMs === null ? "" : ` · ${t.milliseconds(Math.max(1, Math.round(roundTripMs)))}`;
  return (
    <div
      className={styles.status}
      data-testid="connection"
      data-phase={phase}
      data-transport={transport ?? ""}
    >
      <i aria-hidden="true" />
      <span className="visually-hidden">{t.connection}: </span>
      <span role="status">{online ? t.transports[transport] : t.phases[phase]}</span>
      {online && <span className={styles.roundTrip}>{roundTrip}</span>}
    </div>
  );
}

/** Says that there is no connection, and that new messages wait for it. */
export function OfflineBanner() {
  const { t } = useI18n();
  const client = useChat();
  const { phase } = useConnection();
  if (phase !== "waiting" && phase !== "reconnecting") return null;
  return (
    <div className={styles.banner} role="status" data-testid="offline">
      <span>{t.offlineBanner}</span>
      <button type="button" onClick={() => client.reconnectNow()}>
        {t.tryNow}
      </button>
    </div>
  );
}

/** Says that the server cannot read a room whose messages are still shown. */
export function UnreadableBanner() {
  const { t } = useI18n();
  const client = useChat();
  const { busy, run } = useAction();
  return (
    <div className={styles.banner} role="status" data-testid="unreadable">
      <span>{t.notReadableHeld}</span>
      <button type="button" disabled={busy} onClick={() => void run(() => client.retryRooms())}>
        {t.tryAgain}
      </button>
    </div>
  );
}
