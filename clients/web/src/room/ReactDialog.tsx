import type { RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { type FormEvent, useState } from "react";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { TextField } from "../common/TextField.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { CHOICE, QUICK } from "./emoji.ts";
import styles from "./ReactDialog.module.css";
import type { Bubble } from "./timeline.ts";

/** Lets a person react with any emoji. */
export function ReactDialog(props: { room: RoomView; bubble: Bubble; onClose(): void }) {
  const { t } = useI18n();
  const client = useChat();
  const { room, bubble, onClose } = props;
  const [typed, setTyped] = useState("");
  const action = useAction();
  const react = async (emoji: string) => {
    const { position } = bubble;
    if (position === null || emoji === "") return;
    if (await action.run(() => client.messages.react(room.id, position, emoji, true))) onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void react(typed.trim());
  };
  return (
    <Dialog title={t.react} onClose={onClose}>
      <div className={styles.grid}>
        {[...QUICK, ...CHOICE].map((emoji) => (
          <button
            key={emoji}
            type="button"
            className={styles.emoji}
            disabled={action.busy}
            data-testid={`emoji-${emoji}`}
            onClick={() => void react(emoji)}
          >
            {emoji}
          </button>
        ))}
      </div>
      <form onSubmit={submit}>
        <TextField label={t.anyEmoji} value={typed} onChange={setTyped} testId="any-emoji">
          <button type="submit" className={controls.button} disabled={action.busy || !typed.trim()}>
            {t.reactNow}
          </button>
        </TextField>
      </form>
      <Problem action={action} />
    </Dialog>
  );
}
