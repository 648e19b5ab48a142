import { SCHEDULED_DAYS } from "@caffis/chat";
import { type FormEvent, useId, useState } from "react";
import { useChat } from "../app/chat.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Scheduled.module.css";
import { fieldOf, quickTimes, timeOf } from "./times.ts";

const DAY_MS = 86_400_000;

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
  const { client } = useChat();
  const { submit, onSubmit, onDone } = props;
  const action = useAction();
  const id = useId();
  const [text, setText] = useState(props.text);
  const [now] = useState(() => client.now());
  const quick = quickTimes(now);
  const [value, setValue] = useState(() => fieldOf(props.due ?? quick[0]?.due ?? now));
  const due = timeOf(value);
  const past = due !== null && due <= client.now();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (due === null || text.trim() === "") return;
    if (await action.run(() => onSubmit(text.trim(), due))) onDone();
  };
  return (
    <form className={styles.form} noValidate onSubmit={(event) => void save(event)}>
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
      <label htmlFor={id}>
        <span className={controls.label}>{t.scheduleTime}</span>
        <input
          id={id}
          type="datetime-local"
          className={controls.field}
          value={value}
          min={fieldOf(now)}
          max={fieldOf(now + SCHEDULED_DAYS * DAY_MS)}
          aria-invalid={past}
          data-testid="schedule-time"
          onChange={(event) => setValue(event.target.value)}
        />
      </label>
      <p className={controls.hint} role="status">
        {due === null ? "" : past ? t.schedulePast : t.scheduledFor(when(due, null))}
      </p>
      <Problem action={action} />
      <div className={controls.line}>
        <button
          type="submit"
          className={controls.button}
          disabled={action.busy || due === null || past || text.trim() === ""}
          data-testid="schedule-now"
        >
          {submit}
        </button>
        <button type="button" className={`${controls.button} ${controls.soft}`} onClick={onDone}>
          {t.cancel}
        </button>
      </div>
    </form>
  );
}
