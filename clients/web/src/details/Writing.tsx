import type { RoomSettings, RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useEffect, useState } from "react";
import { Problem, useAction } from "../app/useAction.tsx";
import { Choice } from "../common/Choice.tsx";
import { Switch } from "../common/Switch.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Details.module.css";

/** The times of slow mode that are offered, in seconds. */
const TIMES = [0, 10, 30, 60, 300, 3600] as const;

/** How people write in a room: for those who may change it. */
export function Writing({ room }: { room: RoomView }) {
  const { t } = useI18n();
  const client = useChat();
  const action = useAction();
  /** What was chosen and is not yet in the log. */
  const [wanted, setWanted] = useState<Partial<RoomSettings>>({});
  const said = JSON.stringify(room.summary.settings);
  useEffect(() => setWanted({}), [said]); // What is in the log counts from then on.
  const settings = { ...room.summary.settings, ...wanted };
  const set = async (change: Partial<RoomSettings>) => {
    setWanted(change);
    if (!(await action.run(() => client.setRoom(room.id, change)))) setWanted({});
  };
  // Somebody may have set another time over the API.
  const known = TIMES.find((time) => time === settings.slowModeSeconds);
  const times = known === undefined ? [...TIMES, settings.slowModeSeconds] : TIMES;
  return (
    <section className={styles.writing} aria-label={t.writing}>
      <h3 className={styles.heading}>{t.writing}</h3>
      <Choice<string>
        legend={t.slowMode}
        name="slow-mode"
        value={String(settings.slowModeSeconds)}
        options={times.map((time) => [String(time), t.slowModeTime(time)] as const)}
        disabled={action.busy}
        onChange={(time) => void set({ slowModeSeconds: Number(time) })}
      />
      <Switch
        label={t.announcements}
        hint={t.announcementsHint}
        checked={settings.announcements}
        disabled={action.busy}
        testId="announcements"
        onChange={(announcements) => void set({ announcements })}
      />
      <Switch
        label={t.frozen}
        hint={t.frozenHint}
        checked={settings.frozen}
        disabled={action.busy}
        testId="frozen"
        onChange={(frozen) => void set({ frozen })}
      />
      <Problem action={action} />
    </section>
  );
}
