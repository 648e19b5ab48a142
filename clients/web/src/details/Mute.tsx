import { FOR_EVER, type RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { Problem, useAction } from "../app/useAction.tsx";
import { useMuted } from "../app/useMuted.ts";
import controls from "../common/controls.module.css";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Details.module.css";

const HOUR = 3_600_000;

/** For how long a room can be muted, in milliseconds. */
const TIMES = { hour: HOUR, eightHours: 8 * HOUR, week: 7 * 24 * HOUR, always: null } as const;

/** Turns notifications of a room off for a time, on all devices of the person, and on again. */
export function Mute({ room }: { room: RoomView }) {
  const { t, when } = useI18n();
  const client = useChat();
  const action = useAction();
  const { mutedUntil } = room.summary;
  const muted = useMuted(room.summary);
  const mute = (until: number | null) => void action.run(() => client.mute(room.id, until));
  return (
    <section aria-label={t.notifications}>
      <h3 className={styles.heading}>{muted ? t.notifications : t.muteAsk}</h3>
      {muted && mutedUntil !== null ? (
        <>
          <p className={controls.hint} data-testid="muted">
            {mutedUntil >= FOR_EVER ? t.mutedForEver : t.mutedUntil(when(mutedUntil, null))}
          </p>
          <button
            type="button"
            className={`${controls.button} ${controls.soft}`}
            disabled={action.busy}
            data-testid="unmute"
            onClick={() => mute(null)}
          >
            {t.unmute}
          </button>
        </>
      ) : (
        <div className={styles.times}>
          {(Object.keys(TIMES) as (keyof typeof TIMES)[]).map((name) => (
            <button
              key={name}
              type="button"
              className={`${controls.button} ${controls.soft}`}
              disabled={action.busy}
              aria-label={t.muteFor[name]}
              data-testid={`mute-${name}`}
              onClick={() => {
                const wait = TIMES[name];
                mute(wait === null ? FOR_EVER : client.now() + wait);
              }}
            >
              {t.muteTime[name]}
            </button>
          ))}
        </div>
      )}
      <Problem action={action} />
    </section>
  );
}
