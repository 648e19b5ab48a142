import { useChat, useOwn } from "@caffis/chat-react";
import { type FormEvent, useState } from "react";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { TextField } from "../common/TextField.tsx";
import { useI18n } from "../i18n/i18n.tsx";

/** The status text that others see beside the name. */
export function StatusForm() {
  const { t } = useI18n();
  const client = useChat();
  const { status } = useOwn();
  /** Null until the person types: the known status may still arrive. */
  const [written, setWritten] = useState<string | null>(null);
  const [saved, setSaved] = useState(false);
  const action = useAction();
  const text = written ?? status ?? "";
  const changed = text.trim() !== (status ?? "");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!changed || !(await action.run(() => client.setStatus(text.trim())))) return;
    setWritten(null);
    setSaved(true);
  };
  return (
    <form onSubmit={submit}>
      <TextField
        label={t.status}
        placeholder={t.statusHint}
        value={text}
        testId="status"
        onChange={(value) => {
          setWritten(value);
          setSaved(false);
        }}
      >
        <button
          type="submit"
          className={controls.button}
          disabled={!changed || action.busy}
          data-testid="save-status"
        >
          {saved && !changed ? t.saved : t.save}
        </button>
      </TextField>
      <span className="visually-hidden" role="status">
        {saved && !changed ? t.saved : ""}
      </span>
      <Problem action={action} />
    </form>
  );
}
