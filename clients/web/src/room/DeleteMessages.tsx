import type { RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Bubble } from "./timeline.ts";

/** Asks before several messages are deleted, for this person alone or, where that may be, for everyone. */
export function DeleteMessages(props: {
  room: RoomView;
  bubbles: readonly Bubble[];
  forEveryone: boolean;
  onDone(): void;
  onClose(): void;
}) {
  const { t } = useI18n();
  const client = useChat();
  const { room, bubbles, forEveryone, onDone, onClose } = props;
  const action = useAction();
  const remove = async (everyone: boolean) => {
    const { messages } = client;
    const act = async () => {
      // What is gone is not selected any more, so a second try deletes the others.
      for (const { position } of bubbles) {
        if (position === null) continue;
        await (everyone ? messages.delete(room.id, position) : messages.hide(room.id, position));
      }
    };
    if (await action.run(act)) onDone();
  };
  return (
    <Dialog title={t.deleteMessages(bubbles.length)} onClose={onClose}>
      <p>{forEveryone ? t.deleteMessagesAsk : t.hideMessagesAsk}</p>
      <Problem action={action} />
      {forEveryone && (
        <button
          type="button"
          className={`${controls.button} ${controls.danger}`}
          disabled={action.busy}
          data-testid="delete-all-now"
          onClick={() => void remove(true)}
        >
          {t.deleteForEveryone}
        </button>
      )}
      <button
        type="button"
        className={`${controls.button} ${controls.danger}`}
        disabled={action.busy}
        data-testid="hide-all-now"
        onClick={() => void remove(false)}
      >
        {t.hideForMe}
      </button>
      <button type="button" className={`${controls.button} ${controls.soft}`} onClick={onClose}>
        {t.cancel}
      </button>
    </Dialog>
  );
}
