import { POLL_DAYS, POLL_OPTIONS, type RoomId } from "@caffis/chat";
import { type FormEvent, useId, useState } from "react";
import { useChat } from "../app/chat.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { fieldOf, timeOf } from "../scheduled/times.ts";
import styles from "./Cards.module.css";
import { writtenOptions } from "./polls.ts";

const DAY_MS = 86_400_000;

/** Characters that the server takes. */
const QUESTION_CHARS = 300;
const OPTION_CHARS = 100;

/** An option while it is written. */
interface Written {
  readonly key: number;
  readonly text: string;
}

/** Asks a poll. */
export function PollForm({ room, onDone }: { room: RoomId; onDone(): void }) {
  const { t } = useI18n();
  const { client } = useChat();
  const action = useAction();
  const id = useId();
  const [question, setQuestion] = useState("");
  const [options, setOptions] = useState<readonly Written[]>([
    { key: 0, text: "" },
    { key: 1, text: "" },
  ]);
  const [multiple, setMultiple] = useState(false);
  const [anonymous, setAnonymous] = useState(false);
  const [closing, setClosing] = useState("");
  const [now] = useState(() => client.now());
  const closes = closing === "" ? null : timeOf(closing);
  const past = closes !== null && closes <= client.now();
  const written = writtenOptions(options.map(({ text }) => text));
  const change = (key: number, text: string) =>
    setOptions(options.map((option) => (option.key === key ? { key, text } : option)));
  const add = () =>
    setOptions([...options, { key: Math.max(...options.map(({ key }) => key)) + 1, text: "" }]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (written === null || past) return;
    const poll = { question: question.trim(), options: written, multiple, anonymous, closes };
    if (await action.run(() => client.polls.ask(room, poll))) onDone();
  };
  return (
    <form className={styles.form} noValidate onSubmit={(event) => void submit(event)}>
      <label>
        <span className={controls.label}>{t.pollQuestion}</span>
        <textarea
          className={controls.field}
          rows={2}
          dir="auto"
          maxLength={QUESTION_CHARS}
          value={question}
          data-testid="poll-question"
          onChange={(event) => setQuestion(event.target.value)}
        />
      </label>
      <fieldset className={styles.options}>
        <legend className={controls.label}>{t.pollOptions}</legend>
        {options.map(({ key, text }, at) => (
          <span key={key} className={styles.row}>
            <input
              className={controls.field}
              dir="auto"
              maxLength={OPTION_CHARS}
              value={text}
              aria-label={t.pollOption(at + 1)}
              data-testid="poll-text"
              onChange={(event) => change(key, event.target.value)}
            />
            {options.length > 2 && (
              <button
                type="button"
                className={controls.icon}
                aria-label={t.pollRemoveOption(at + 1)}
                onClick={() => setOptions(options.filter((option) => option.key !== key))}
              >
                <Icon name="close" size={18} />
              </button>
            )}
          </span>
        ))}
      </fieldset>
      {options.length < POLL_OPTIONS && (
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          data-testid="poll-add"
          onClick={add}
        >
          {t.pollAddOption}
        </button>
      )}
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={multiple}
          data-testid="poll-multiple"
          onChange={(event) => setMultiple(event.target.checked)}
        />
        {t.pollMultiple}
      </label>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={anonymous}
          data-testid="poll-anonymous"
          onChange={(event) => setAnonymous(event.target.checked)}
        />
        {t.pollAnonymousHint}
      </label>
      <label htmlFor={id}>
        <span className={controls.label}>{t.pollClosing}</span>
        <input
          id={id}
          type="datetime-local"
          className={controls.field}
          value={closing}
          min={fieldOf(now)}
          max={fieldOf(now + POLL_DAYS * DAY_MS)}
          aria-invalid={past}
          data-testid="poll-closing"
          onChange={(event) => setClosing(event.target.value)}
        />
      </label>
      {past && (
        <p className={controls.hint} role="status">
          {t.schedulePast}
        </p>
      )}
      <Problem action={action} />
      <div className={controls.line}>
        <button
          type="submit"
          className={controls.button}
          disabled={action.busy || question.trim() === "" || written === null || past}
          data-testid="poll-send"
        >
          {t.pollSend}
        </button>
        <button type="button" className={`${controls.button} ${controls.soft}`} onClick={onDone}>
          {t.cancel}
        </button>
      </div>
    </form>
  );
}
