import type { RoomView } from "@caffis/chat";
import { useChat } from "../app/chat.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Bubble } from "./timeline.ts";

/** Asks before a message is deleted for everyone. */
export function DeleteMessage(props: { room: RoomView; bubble: Bubble; onClose(): void }) {
  const { t } = useI18n();
  const { client } = useChat();
  const { room, bubble, onClose } = props;
  const action = useAction();
  const remove = async () => {
    const { position } = bubble;
    if (position === null) return;
    if (await action.run(() => client.messages.delete(room.id, position))) onClose();
  };
  return (
    <Dialog title={t.deleteMessage} onClose={onClose}>
      <p>{t.deleteMessageAsk}</p>
      <Problem action={action} />
      <div className={controls.line}>
        <button
          type="button"
          className={`${controls.button} ${controls.danger}`}
          disabled={action.busy}
          data-testid="delete-now"
          onClick={() => void remove()}
        >
          {t.deleteForEveryone}
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
