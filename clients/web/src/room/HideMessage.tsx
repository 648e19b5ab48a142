import type { RoomView } from "@caffis/chat";
import { useChat } from "../app/chat.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Bubble } from "./timeline.ts";

/** Asks before a message disappears for this person. */
export function HideMessage(props: { room: RoomView; bubble: Bubble; onClose(): void }) {
  const { t } = useI18n();
  const { client } = useChat();
  const { room, bubble, onClose } = props;
  const action = useAction();
  const hide = async () => {
    const { position } = bubble;
    if (position === null) return;
    if (await action.run(() => client.messages.hide(room.id, position))) onClose();
  };
  return (
    <Dialog title={t.hideMessage} onClose={onClose}>
      <p>{t.hideMessageAsk}</p>
      <Problem action={action} />
      <div className={controls.line}>
        <button
          type="button"
          className={`${controls.button} ${controls.danger}`}
          disabled={action.busy}
          data-testid="hide-now"
          onClick={() => void hide()}
        >
          {t.hideForMe}
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
