import type { RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useState } from "react";
import type { ActionGround } from "./actions.ts";
import { DeleteMessages } from "./DeleteMessages.tsx";
import { ForwardMessage } from "./ForwardMessage.tsx";
import { SelectionBar } from "./SelectionBar.tsx";
import { selectedBubbles, selectionActions } from "./selection.ts";
import type { Item } from "./timeline.ts";
import type { useSelection } from "./useSelection.ts";

/** The messages that are selected, and the windows of what is done with them. */
export function Selected(props: {
  room: RoomView;
  items: readonly Item[];
  ground: ActionGround;
  selection: ReturnType<typeof useSelection>;
}) {
  const { room, items, ground, selection } = props;
  const client = useChat();
  const [asked, setAsked] = useState<"forward" | "delete" | null>(null);
  const bubbles = selectedBubbles(items, selection.selected ?? new Set());
  const actions = selectionActions(bubbles, ground);
  const close = () => setAsked(null);
  const star = async (on: boolean) => {
    for (const { position } of bubbles) {
      if (position !== null && ground.starred.has(position) !== on) {
        await client.messages.star(room.id, position, on);
      }
    }
    selection.end();
  };
  return (
    <>
      <SelectionBar
        count={bubbles.length}
        actions={actions}
        onForward={() => setAsked("forward")}
        onDelete={() => setAsked("delete")}
        onStar={star}
        onEnd={selection.end}
      />
      {asked === "forward" && (
        <ForwardMessage room={room} bubbles={bubbles} onClose={close} onDone={selection.end} />
      )}
      {asked === "delete" && (
        <DeleteMessages
          room={room}
          bubbles={bubbles}
          forEveryone={actions.deleteForEveryone}
          onDone={selection.end}
          onClose={close}
        />
      )}
    </>
  );
}
