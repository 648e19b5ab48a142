/** The views that open by a deliberate act. They are one chunk, which `later.tsx` loads after the first view. */

export { AttachDialog } from "../cards/AttachDialog.tsx";
export { Voters } from "../cards/Voters.tsx";
export { ItemMenu } from "../common/ItemMenu.tsx";
export { Details } from "../details/Details.tsx";
export { Join } from "../join/Join.tsx";
export { MarkedList } from "../marked/MarkedList.tsx";
export { ComposerBar } from "../room/ComposerBar.tsx";
export { MessageDialogs } from "../room/MessageDialogs.tsx";
export { MessageMenu } from "../room/MessageMenu.tsx";
export { Selected } from "../room/Selected.tsx";
export { NewConversation } from "../rooms/NewConversation.tsx";
export { RoomMenu } from "../rooms/RoomMenu.tsx";
export { ScheduleDialog } from "../scheduled/ScheduleDialog.tsx";
export { ScheduledList } from "../scheduled/ScheduledList.tsx";
export { HitBar } from "../search/HitBar.tsx";
export { Search } from "../search/Search.tsx";
export { Settings } from "../settings/Settings.tsx";
export { ThreadList } from "../threads/ThreadList.tsx";
export { ThreadPanel } from "../threads/ThreadPanel.tsx";
