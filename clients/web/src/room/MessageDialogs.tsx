import type { RoomView } from "@caffis/chat";
import type { MessageAction } from "./actions.ts";
import { DeleteMessage } from "./DeleteMessage.tsx";
import { ForwardMessage } from "./ForwardMessage.tsx";
import { ReactDialog } from "./ReactDialog.tsx";
import { Reactors } from "./Reactors.tsx";
import { ReportMessage } from "./ReportMessage.tsx";
import { Revisions } from "./Revisions.tsx";
import type { Bubble } from "./timeline.ts";

/** Something that is done with a message in a window. */
export interface Asked {
  readonly action: MessageAction;
  readonly bubble: Bubble;
}

/** The window of what is done with a message. */
export function MessageDialogs(props: { room: RoomView; asked: Asked | null; onClose(): void }) {
  const { room, asked, onClose } = props;
  if (!asked) return null;
  const { action, bubble } = asked;
  switch (action) {
    case "react":
      return <ReactDialog room={room} bubble={bubble} onClose={onClose} />;
    case "reactors":
      return <Reactors bubble={bubble} onClose={onClose} />;
    case "delete":
    case "hide":
      return (
        <DeleteMessage
          room={room}
          bubble={bubble}
          forEveryone={action === "delete"}
          onClose={onClose}
        />
      );
    case "forward":
      return <ForwardMessage room={room} bubbles={[bubble]} onClose={onClose} />;
    case "report":
      return <ReportMessage room={room} bubble={bubble} onClose={onClose} />;
    case "revisions":
      return <Revisions room={room} bubble={bubble} onClose={onClose} />;
    default:
      return null;
  }
}
