import { placementOf, type RoomSummary } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { Menu, MenuItem, type MenuPlace } from "../common/Menu.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { ROOM_ACTIONS, type RoomAction, roomActions } from "./placement.ts";

/** What can be done with a room of the list. */
export function RoomMenu(props: {
  room: RoomSummary;
  place: MenuPlace;
  onChoose(action: RoomAction): void;
  onClose(): void;
}) {
  const { t } = useI18n();
  const client = useChat();
  const { room, place, onChoose, onClose } = props;
  return (
    <Menu label={t.roomActionsLabel} testId="room-menu" place={place} onClose={onClose}>
      {roomActions(placementOf(room, client.now())).map((action) => (
        <MenuItem
          key={action}
          icon={ROOM_ACTIONS[action].icon}
          label={t.roomActions[action]}
          testId={`room-${action}`}
          onChoose={() => onChoose(action)}
        />
      ))}
    </Menu>
  );
}
