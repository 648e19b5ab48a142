import { POLL_DAYS, POLL_OPTIONS, type ReplyIn, type RoomId } from "@caffis/chat";
import { useState } from "react";
import { useChat } from "../app/chat.tsx";
import controls from "../common/controls.module.css";
import { DialogForm } from "../common/DialogForm.tsx";
import { Icon } from "../common/Icon.tsx";
import { TimeField } from "../common/TimeField.tsx";
import { timeOf } from "../common/times.ts";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Cards.module.css";
import { writtenOptions } from "./polls.ts";

/** Characters that the server takes. */
const QUESTION_CHARS = 300;
const OPTION_CHARS = 100;

/** An option while it is written. */
interface Written {
  readonly key: number;
  readonly text: string;
}

/** Asks a poll. */
export function PollForm(props: { room: RoomId; thread: ReplyIn | null; onDone(): void }) {
  const { room, thread, onDone } = props;
  const { t } = useI18n();
  const { client } = useChat();
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
  const submit = async () => {
    if (written === null) return;
    const poll = { question: question.trim(), options: written, multiple, anonymous, closes };
    await client.polls.ask(room, poll, thread);
  };
  return (
    <DialogForm
      submit={t.pollSend}
      testId="poll-send"
      ready={question.trim() !== "" && written !== null && !past}
      onSubmit={submit}
      onDone={onDone}
    >
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
      <TimeField
        label={t.pollClosing}
        value={closing}
        from={now}
        days={POLL_DAYS}
        past={past}
        testId="poll-closing"
        onChange={setClosing}
      />
      {past && (
        <p className={controls.hint} role="status">
          {t.schedulePast}
        </p>
      )}
    </DialogForm>
  );
}
