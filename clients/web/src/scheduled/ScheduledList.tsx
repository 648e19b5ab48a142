import { type RoomId, type ScheduledMessage, scheduledIn } from "@caffis/chat";
import { useChat, useRoomView, useScheduled } from "@caffis/chat-react";
import { useState } from "react";
import { roomTitle, usePeople } from "../app/chat.tsx";
import { goTo } from "../app/route.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import nothing from "../search/Search.module.css";
import styles from "./Scheduled.module.css";
import { ScheduleForm } from "./ScheduleForm.tsx";

/** What this person has scheduled, in one room or in all: to change, to send now, or to take away. */
export function ScheduledList({ room, onClose }: { room: RoomId | null; onClose(): void }) {
  const { t } = useI18n();
  const client = useChat();
  const messages = scheduledIn(useScheduled(), room);
  const [changing, setChanging] = useState<ScheduledMessage | null>(null);
  const changed = messages.find(({ id }) => id === changing?.id);
  if (changed) {
    return (
      <Dialog key="change" title={t.changeScheduled} onClose={onClose}>
        <ScheduleForm
          text={textOf(changed)}
          due={changed.failed === null ? changed.due : null}
          submit={t.save}
          onSubmit={(text, due) => client.scheduled.change(changed, text, due)}
          onDone={() => setChanging(null)}
        />
      </Dialog>
    );
  }
  return (
    <Dialog key="list" title={t.scheduled} onClose={onClose}>
      {messages.length === 0 ? (
        <div className={nothing.nothing} role="status" data-testid="scheduled-nothing">
          <strong>{t.scheduledNothing}</strong>
          <p>{t.scheduledNothingLead}</p>
        </div>
      ) : (
        <ul className={styles.list} data-testid="scheduled-list">
          {messages.map((message) => (
            <li key={message.id}>
              <Row message={message} named={room === null} onChange={() => setChanging(message)} />
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

/** One of them. */
function Row(props: { message: ScheduledMessage; named: boolean; onChange(): void }) {
  const { t, when } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const { message, named, onChange } = props;
  const room = useRoomView(message.room);
  const action = useAction();
  const { failed } = message;
  const errors: Readonly<Record<string, string>> = { ...t.errors, not_found: t.scheduledRoomGone };
  return (
    <article className={styles.row} data-testid="scheduled-message" data-failed={failed ?? ""}>
      {named && room && (
        <button
          type="button"
          className={styles.where}
          dir="auto"
          title={t.showConversation}
          data-testid="scheduled-where"
          onClick={() => goTo(message.room)}
        >
          {roomTitle(room.summary, people)}
        </button>
      )}
      <p className={styles.when}>
        <time dateTime={new Date(message.due).toISOString()}>{when(message.due, null)}</time>
      </p>
      <p className={styles.text} dir="auto">
        {textOf(message) || t.unknownMessage}
      </p>
      {failed && (
        <p className={controls.error} data-testid="scheduled-failed">
          {t.scheduledFailed(errors[failed] ?? t.errors.other)}
        </p>
      )}
      <Problem action={action} />
      <div className={styles.actions}>
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          disabled={action.busy}
          data-testid="scheduled-change"
          onClick={onChange}
        >
          {t.edit}
        </button>
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          disabled={action.busy}
          data-testid="scheduled-send"
          onClick={() => void action.run(() => client.scheduled.sendNow(message))}
        >
          {t.sendNow}
        </button>
        <button
          type="button"
          className={`${controls.button} ${controls.danger}`}
          disabled={action.busy}
          data-testid="scheduled-cancel"
          onClick={() => void action.run(() => client.scheduled.cancel(message))}
        >
          {t.delete}
        </button>
      </div>
    </article>
  );
}

function textOf({ body }: ScheduledMessage): string {
  return body.type === "text" ? body.value.text : "";
}
