import { POLL_DAYS, POLL_OPTIONS, type ReplyIn, type RoomId } from "@caffis/chat";
import { useChat, useSelf } from "@caffis/chat-react";
import { type KeyboardEvent, useRef, useState } from "react";
import controls from "../common/controls.module.css";
import { FIRST } from "../common/Dialog.tsx";
import { DialogForm } from "../common/DialogForm.tsx";
import { Icon } from "../common/Icon.tsx";
import { TimeField } from "../common/TimeField.tsx";
import { timeOf } from "../common/times.ts";
import { forget, useKept } from "../common/useKept.ts";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Cards.module.css";
import { hasTwins, writtenOptions } from "./polls.ts";

/** Characters that the server takes. */
const QUESTION_CHARS = 300;
const OPTION_CHARS = 100;

/** An option while it is written. */
interface Written {
  readonly key: number;
  readonly text: string;
}

/** A poll while it is written. */
const EMPTY = {
  question: "",
  options: [
    { key: 0, text: "" },
    { key: 1, text: "" },
  ] as readonly Written[],
  multiple: false,
  anonymous: false,
  closing: "",
};

/** Asks a poll. What is written stays when the window is closed, unless it is given up. */
export function PollForm(props: { room: RoomId; thread: ReplyIn | null; onDone(): void }) {
  const { room, thread, onDone } = props;
  const { t } = useI18n();
  const client = useChat();
  const self = useSelf();
  const form = `poll ${JSON.stringify([self, room, thread?.root])}`;
  const [poll, setPoll] = useKept(form, EMPTY);
  const { question, options, multiple, anonymous, closing } = poll;
  const [now] = useState(() => client.now());
  const closes = closing === "" ? null : timeOf(closing);
  const past = closes !== null && closes <= client.now();
  const texts = options.map(({ text }) => text);
  const written = writtenOptions(texts);
  /** The option that gets the focus once it is there. */
  const next = useRef<number | null>(null);
  const setOptions = (changed: readonly Written[]) => setPoll({ ...poll, options: changed });
  const change = (key: number, text: string) =>
    setOptions(options.map((option) => (option.key === key ? { key, text } : option)));
  const add = () => {
    const key = Math.max(...options.map((option) => option.key)) + 1;
    next.current = key;
    setOptions([...options, { key, text: "" }]);
  };
  const remove = (at: number) => {
    next.current = (options[at - 1] ?? options[at + 1])?.key ?? null;
    setOptions(options.filter((_, index) => index !== at));
  };
  const fields = useRef<HTMLFieldSetElement>(null);
  /** Enter goes to the next answer, and begins one after the last. */
  const onKey = (event: KeyboardEvent, at: number) => {
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (at + 1 < options.length) {
      fields.current?.querySelectorAll("input")[at + 1]?.focus();
    } else if (options.length < POLL_OPTIONS && texts[at]?.trim()) {
      add();
    }
  };
  const submit = async () => {
    if (written === null) return;
    const asked = { question: question.trim(), options: written, multiple, anonymous, closes };
    await client.polls.ask(room, asked, thread);
  };
  return (
    <DialogForm
      submit={t.pollSend}
      testId="poll-send"
      ready={question.trim() !== "" && written !== null && !past}
      onSubmit={submit}
      onDone={() => {
        forget(form);
        onDone();
      }}
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
          {...FIRST}
          onChange={(event) => setPoll({ ...poll, question: event.target.value })}
        />
      </label>
      <fieldset ref={fields} className={styles.options}>
        <legend className={controls.label}>{t.pollOptions}</legend>
        {options.map(({ key, text }, at) => (
          <span key={key} className={styles.row}>
            <input
              ref={(field) => {
                if (!field || next.current !== key) return;
                next.current = null;
                field.focus();
              }}
              className={controls.field}
              dir="auto"
              maxLength={OPTION_CHARS}
              value={text}
              aria-label={t.pollOption(at + 1)}
              data-testid="poll-text"
              enterKeyHint="next"
              onChange={(event) => change(key, event.target.value)}
              onKeyDown={(event) => onKey(event, at)}
            />
            {options.length > 2 && (
              <button
                type="button"
                className={controls.icon}
                aria-label={t.pollRemoveOption(at + 1)}
                onClick={() => remove(at)}
              >
                <Icon name="close" size={18} />
              </button>
            )}
          </span>
        ))}
      </fieldset>
      {hasTwins(texts) && (
        <p className={controls.hint} role="status">
          {t.pollSame}
        </p>
      )}
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
          onChange={(event) => setPoll({ ...poll, multiple: event.target.checked })}
        />
        {t.pollMultiple}
      </label>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={anonymous}
          data-testid="poll-anonymous"
          onChange={(event) => setPoll({ ...poll, anonymous: event.target.checked })}
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
        onChange={(value) => setPoll({ ...poll, closing: value })}
      />
      {past && (
        <p className={controls.hint} role="status">
          {t.schedulePast}
        </p>
      )}
    </DialogForm>
  );
}
