import type { ReplyIn, RoomId } from "@caffis/chat";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import type { Kind } from "./AttachMenu.tsx";
import { PlaceForm } from "./PlaceForm.tsx";
import { PollForm } from "./PollForm.tsx";

/** The window in which something besides words is made. It is no part of the form in which messages are written. */
export function AttachDialog(props: {
  room: RoomId;
  /** The thread in which it is sent; null outside of threads. */
  thread: ReplyIn | null;
  kind: Kind;
  onClose(): void;
}) {
  const { room, thread, kind, onClose } = props;
  const { t } = useI18n();
  return (
    <Dialog title={t.attachKinds[kind]} onClose={onClose}>
      {kind === "poll" ? (
        <PollForm room={room} thread={thread} onDone={onClose} />
      ) : (
        <PlaceForm room={room} thread={thread} kind={kind} onDone={onClose} />
      )}
    </Dialog>
  );
}
