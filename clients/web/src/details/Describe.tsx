import { DESCRIPTION_BYTES, NAME_BYTES, type RoomView } from "@caffis/chat";
import { useChat, useSelf } from "@caffis/chat-react";
import { useId } from "react";
import { closeDialog, openDialog } from "../app/route.ts";
import controls from "../common/controls.module.css";
import { Dialog, FIRST } from "../common/Dialog.tsx";
import { DialogForm } from "../common/DialogForm.tsx";
import { Icon } from "../common/Icon.tsx";
import { forget, useKept } from "../common/useKept.ts";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Details.module.css";
import { HistoryChoice } from "./HistoryChoice.tsx";
import { changeOf, fits, NOTHING_WRITTEN, shownOf, type Written, writtenAfter } from "./info.ts";

/** Whether the title of what the room is about is shown instead of the room's own name. */
function isTitled({ card }: RoomView): boolean {
  return (card?.details.title ?? null) !== null;
}

/** Opens the window that changes what a room is called and what it is for: for those who may. */
export function DescribeButton({ room }: { room: RoomView }) {
  const { t } = useI18n();
  const label = isTitled(room) ? t.describeTitled : t.describeRoom;
  return (
    <button
      type="button"
      className={`${controls.button} ${controls.soft} ${styles.placed} ${styles.describe}`}
      aria-label={label}
      title={label}
      data-testid="describe"
      onClick={() => openDialog("describe")}
    >
      <Icon name="write" size={16} />
      {t.edit}
    </button>
  );
}

/** Changes what a room is called, what it is for, and what new members see. */
export function Describe({ room }: { room: RoomView }) {
  const { t } = useI18n();
  const titled = isTitled(room);
  return (
    <Dialog title={titled ? t.describeTitled : t.describeRoom} onClose={closeDialog}>
      <DescribeForm room={room} titled={titled} onDone={closeDialog} />
    </Dialog>
  );
}

/** What is written stays when the window is closed, unless it is given up. */
function DescribeForm(props: { room: RoomView; titled: boolean; onDone(): void }) {
  const { t } = useI18n();
  const client = useChat();
  const { room, titled, onDone } = props;
  const { id, summary } = room;
  const self = useSelf();
  const form = `describe ${JSON.stringify([self, id])}`;
  const [kept, setWritten] = useKept(form, NOTHING_WRITTEN);
  const written = titled ? { ...kept, name: null } : kept;
  const { name, description, history } = shownOf(written, summary);
  const short = fits({ name, description });
  const change = changeOf(written, summary);
  const write = (part: Partial<Written>) => setWritten(writtenAfter(written, part, summary));
  const problem = useId();
  return (
    <DialogForm
      submit={t.save}
      testId="describe-now"
      ready={change !== null}
      onSubmit={async () => change && client.describeRoom(id, change)}
      onDone={() => {
        forget(form);
        onDone();
      }}
    >
      {titled ? (
        <p className={controls.hint}>{t.titledHint}</p>
      ) : (
        <label>
          <span className={controls.label}>{t.roomName}</span>
          <input
            className={controls.field}
            dir="auto"
            autoComplete="off"
            maxLength={NAME_BYTES}
            value={name}
            aria-invalid={!short.name}
            aria-describedby={problem}
            data-testid="describe-name"
            {...FIRST}
            onChange={(event) => write({ name: event.target.value })}
          />
        </label>
      )}
      <label>
        <span className={controls.label}>{t.description}</span>
        <textarea
          className={controls.field}
          rows={4}
          dir="auto"
          maxLength={DESCRIPTION_BYTES}
          value={description}
          placeholder={t.descriptionHint}
          aria-invalid={!short.description}
          aria-describedby={problem}
          data-testid="describe-text"
          {...(titled && FIRST)}
          onChange={(event) => write({ description: event.target.value })}
        />
      </label>
      <p
        id={problem}
        className={controls.hint}
        role="status"
        hidden={short.name && short.description}
      >
        {!short.name ? t.nameTooLong : short.description ? "" : t.descriptionTooLong}
      </p>
      <HistoryChoice
        set={summary.history}
        value={history}
        onChange={(chosen) => write({ history: chosen })}
      />
      <p className={controls.hint}>{t.newMembersHint}</p>
    </DialogForm>
  );
}
