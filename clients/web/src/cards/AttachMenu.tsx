import type { ReplyIn, RoomId } from "@caffis/chat";
import { useState } from "react";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { Icon } from "../common/Icon.tsx";
import { Menu, MenuItem, type MenuPlace } from "../common/Menu.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { PlaceForm } from "./PlaceForm.tsx";
import { PollForm } from "./PollForm.tsx";

/** What can be sent besides words. */
export type Kind = "poll" | "location" | "place";

const KINDS = ["poll", "location", "place"] as const;

const ICONS = { poll: "poll", location: "place", place: "cup" } as const;

/** Offers what can be sent besides words. */
export function AttachMenu({ onChoose }: { onChoose(kind: Kind): void }) {
  const { t } = useI18n();
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  return (
    <>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.attach}
        title={t.attach}
        aria-haspopup="menu"
        data-testid="attach"
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setMenu({ x: box.left, y: box.top });
        }}
      >
        <Icon name="add" />
      </button>
      {menu && (
        <Menu label={t.attach} testId="attach-menu" place={menu} onClose={() => setMenu(null)}>
          {KINDS.map((each) => (
            <MenuItem
              key={each}
              icon={ICONS[each]}
              label={t.attachKinds[each]}
              testId={`attach-${each}`}
              onChoose={() => {
                setMenu(null);
                onChoose(each);
              }}
            />
          ))}
        </Menu>
      )}
    </>
  );
}

/** The window in which it is made. It is no part of the form in which messages are written. */
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
