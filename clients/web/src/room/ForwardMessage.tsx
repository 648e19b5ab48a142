import type { RoomId, RoomSummary, RoomView } from "@caffis/chat";
import { useChat, useRooms } from "@caffis/chat-react";
import { useState } from "react";
import { roomTitle, usePeople } from "../app/chat.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import styles from "../common/PeoplePicker.module.css";
import { TextField } from "../common/TextField.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Bubble } from "./timeline.ts";

/** Conversations to which a message is forwarded at once. */
const MOST_ROOMS = 10;

/** Chooses the conversations to which messages are forwarded, in their order. */
export function ForwardMessage(props: {
  room: RoomView;
  bubbles: readonly Bubble[];
  onClose(): void;
  /** They have all gone to where they were to go. */
  onDone?(): void;
}) {
  const { t, language } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const { room, bubbles, onClose, onDone } = props;
  const { rooms } = useRooms();
  const action = useAction();
  const [wanted, setWanted] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<RoomId>>(new Set());
  /** Where all of them have gone: a second try goes to the others. */
  const [done, setDone] = useState<ReadonlySet<RoomId>>(new Set());
  /** What has gone where, for a second try. */
  const [sent] = useState(() => new Set<string>());
  const fits = (summary: RoomSummary) =>
    roomTitle(summary, people)
      .toLocaleLowerCase(language)
      .includes(wanted.trim().toLocaleLowerCase(language));
  const offered = rooms.filter((each) => each.readable && (chosen.has(each.room) || fits(each)));
  const toggle = (id: RoomId) => {
    const after = new Set(chosen);
    if (!after.delete(id)) after.add(id);
    setChosen(after);
  };
  const forward = async () => {
    const gone = new Set(done);
    await action.run(async () => {
      for (const target of chosen) {
        for (const { position } of bubbles) {
          if (position === null || sent.has(`${target} ${position}`)) continue;
          await client.messages.forward(target, room.id, position);
          sent.add(`${target} ${position}`);
        }
        gone.add(target);
        setDone(new Set(gone));
      }
    });
  };
  if (chosen.size > 0 && done.size === chosen.size) {
    return (
      <Dialog title={t.forwardMessage} onClose={onDone ?? onClose}>
        <p role="status" data-testid="forward-done">
          {t.forwarded(done.size)}
        </p>
        <button type="button" className={controls.button} onClick={onDone ?? onClose}>
          {t.close}
        </button>
      </Dialog>
    );
  }
  return (
    <Dialog title={t.forwardMessage} onClose={onClose}>
      <TextField
        label={t.forwardTo}
        value={wanted}
        testId="forward-search"
        first
        onChange={setWanted}
      />
      <fieldset className={styles.people} disabled={action.busy}>
        <legend className="visually-hidden">{t.forwardTo}</legend>
        {offered.map((summary) => {
          const title = roomTitle(summary, people);
          return (
            <label key={summary.room} className={styles.person}>
              <input
                type="checkbox"
                checked={chosen.has(summary.room)}
                disabled={
                  done.has(summary.room) || (!chosen.has(summary.room) && chosen.size >= MOST_ROOMS)
                }
                data-testid="forward-room"
                data-title={title}
                onChange={() => toggle(summary.room)}
              />
              <Avatar name={title} seed={summary.peer?.user ?? summary.room} size="s" />
              <span dir="auto">{title}</span>
            </label>
          );
        })}
      </fieldset>
      <p className={controls.hint}>{t.forwardHint(MOST_ROOMS)}</p>
      <Problem action={action} />
      <div className={controls.line}>
        <button
          type="button"
          className={controls.button}
          disabled={action.busy || chosen.size === 0}
          data-testid="forward-now"
          onClick={() => void forward()}
        >
          {t.forwardNow}
        </button>
        <button type="button" className={`${controls.button} ${controls.soft}`} onClick={onClose}>
          {t.cancel}
        </button>
      </div>
    </Dialog>
  );
}
