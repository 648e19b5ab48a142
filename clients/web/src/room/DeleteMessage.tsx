import type { RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Bubble } from "./timeline.ts";

/** Asks before a message is deleted, for everyone or for this person alone. */
export function DeleteMessage(props: {
  room: RoomView;
  bubble: Bubble;
  forEveryone: boolean;
  onClose(): void;
}) {
  const { t } = useI18n();
  const client = useChat();
  const { room, bubble, forEveryone, onClose } = props;
  const action = useAction();
  const remove = async () => {
    const { position } = bubble;
    if (position === null) return;
    const { messages } = client;
    const act = () =>
      forEveryone ? messages.delete(room.id, position) : messages.hide(room.id, position);
    if (await action.run(act)) onClose();
  };
  return (
    <Dialog title={forEveryone ? t.deleteMessage : t.hideMessage} onClose={onClose}>
      <p>{forEveryone ? t.deleteMessageAsk : t.hideMessageAsk}</p>
      <Problem action={action} />
      <div className={controls.line}>
        <button
          type="button"
          className={`${controls.button} ${controls.danger}`}
          disabled={action.busy}
          data-testid={forEveryone ? "delete-now" : "hide-now"}
          onClick={() => void remove()}
        >
          {forEveryone ? t.deleteForEveryone : t.hideForMe}
        </button>
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          onClick={() => onClose()}
        >
          {t.cancel}
        </button>
      </div>
    </Dialog>
  );
}
