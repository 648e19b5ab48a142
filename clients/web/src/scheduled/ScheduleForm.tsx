import { SCHEDULED_DAYS } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useState } from "react";
import controls from "../common/controls.module.css";
import { DialogForm } from "../common/DialogForm.tsx";
import { TimeField } from "../common/TimeField.tsx";
import { fieldOf, timeOf } from "../common/times.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { asSent } from "../room/asSent.ts";
import styles from "./Scheduled.module.css";
import { quickTimes } from "./times.ts";

/** Says what a message says and when it is sent. */
export function ScheduleForm(props: {
  text: string;
  /** When it is sent now; null for a new one. */
  due: number | null;
  /** What the button says. */
  submit: string;
  onSubmit(text: string, due: number): Promise<unknown>;
  onDone(): void;
}) {
  const { t, when } = useI18n();
  const client = useChat();
  const { submit, onSubmit, onDone } = props;
  const [text, setText] = useState(props.text);
  const [now] = useState(() => client.now());
  const quick = quickTimes(now);
  const [value, setValue] = useState(() => fieldOf(props.due ?? quick[0]?.due ?? now));
  const due = timeOf(value);
  const past = due !== null && due <= client.now();
  return (
    <DialogForm
      submit={submit}
      testId="schedule-now"
      ready={due !== null && !past && asSent(text) !== ""}
      onSubmit={async () => due !== null && onSubmit(asSent(text), due)}
      onDone={onDone}
    >
      <label>
        <span className={controls.label}>{t.message}</span>
        <textarea
          className={controls.field}
          rows={3}
          dir="auto"
          value={text}
          data-testid="schedule-text"
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <fieldset className={styles.quick}>
        <legend className={controls.label}>{t.scheduleWhen}</legend>
        {quick.map(({ name, due: offered }) => (
          <button
            key={name}
            type="button"
            className={`${controls.button} ${controls.soft}`}
            aria-pressed={value === fieldOf(offered)}
            data-testid={`schedule-${name}`}
            onClick={() => setValue(fieldOf(offered))}
          >
            {t.scheduleQuick[name]}
          </button>
        ))}
      </fieldset>
      <TimeField
        label={t.scheduleTime}
        value={value}
        from={now}
        days={SCHEDULED_DAYS}
        past={past}
        testId="schedule-time"
        onChange={setValue}
      />
      <p className={controls.hint} role="status">
        {due === null ? "" : past ? t.schedulePast : t.scheduledFor(when(due, null))}
      </p>
    </DialogForm>
  );
}
