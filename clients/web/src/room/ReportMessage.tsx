import { REPORT_BYTES, type ReportReason, type RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useState } from "react";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./ReportMessage.module.css";
import type { Bubble } from "./timeline.ts";

/** In the order in which they are offered. */
const REASONS: readonly ReportReason[] = [
  "spam",
  "harassment",
  "hate",
  "violence",
  "sexual",
  "scam",
  "impersonation",
  "other",
];

/** The longest remark: it fits also where every character takes four bytes. */
const MOST_CHARACTERS = REPORT_BYTES / 4;

/** Tells the moderators of a message. */
export function ReportMessage(props: { room: RoomView; bubble: Bubble; onClose(): void }) {
  const { t } = useI18n();
  const client = useChat();
  const { room, bubble, onClose } = props;
  const action = useAction();
  const [reason, setReason] = useState<ReportReason | null>(null);
  const [text, setText] = useState("");
  const [done, setDone] = useState(false);
  const send = async () => {
    const { position } = bubble;
    if (position === null || reason === null) return;
    const report = () => client.messages.report(room.id, position, reason, text.trim());
    if (await action.run(report)) setDone(true);
  };
  if (done) {
    return (
      <Dialog title={t.reportMessage} onClose={onClose}>
        <p role="status" data-testid="reported">
          {t.reported}
        </p>
        <button type="button" className={controls.button} onClick={onClose}>
          {t.close}
        </button>
      </Dialog>
    );
  }
  return (
    <Dialog title={t.reportMessage} onClose={onClose}>
      <fieldset>
        <legend className={controls.label}>{t.reportAsk}</legend>
        {REASONS.map((each) => (
          <label key={each} className={styles.reason}>
            <input
              type="radio"
              name="reason"
              checked={reason === each}
              data-testid={`reason-${each}`}
              onChange={() => setReason(each)}
            />
            {t.reportReasons[each]}
          </label>
        ))}
      </fieldset>
      <label>
        <span className={controls.label}>{t.reportText}</span>
        <textarea
          className={controls.field}
          dir="auto"
          rows={3}
          maxLength={MOST_CHARACTERS}
          value={text}
          data-testid="report-text"
          onChange={({ target }) => setText(target.value)}
        />
      </label>
      <p className={controls.hint}>{t.reportHint}</p>
      <Problem action={action} />
      <div className={controls.line}>
        <button
          type="button"
          className={`${controls.button} ${controls.danger}`}
          disabled={action.busy || reason === null}
          data-testid="report-now"
          onClick={() => void send()}
        >
          {t.actions.report}
        </button>
        <button type="button" className={`${controls.button} ${controls.soft}`} onClick={onClose}>
          {t.cancel}
        </button>
      </div>
    </Dialog>
  );
}
