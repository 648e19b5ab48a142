import type { Member, RoomId } from "@caffis/chat";
import { useChat, useRoomView } from "@caffis/chat-react";
import { useEffect, useRef } from "react";
import { isDirect, isGroup, roomTitle, usePeople } from "../app/chat.tsx";
import { closeDialog, goTo, openDialog, useRoute } from "../app/route.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { Icon } from "../common/Icon.tsx";
import { ConnectionStatus } from "../connection/ConnectionStatus.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { presenceLine } from "../room/Header.tsx";
import { NewConversation } from "../rooms/NewConversation.tsx";
import { Describe, DescribeButton } from "./Describe.tsx";
import styles from "./Details.module.css";
import { InList } from "./InList.tsx";
import { InviteLinks } from "./InviteLinks.tsx";
import { Members } from "./Members.tsx";
import { Mute } from "./Mute.tsx";
import { mayDescribe, mayInvite, maySet } from "./permissions.ts";
import { Topics } from "./Topics.tsx";
import { Writing } from "./Writing.tsx";

/** A conversation's details and members. */
export function Details({ id, onClose }: { id: RoomId; onClose(): void }) {
  const i18n = useI18n();
  const { t } = i18n;
  const client = useChat();
  const people = usePeople(t);
  const room = useRoomView(id);
  const { dialog } = useRoute();
  const isPublic = room?.summary.class === "public";
  // Keep the last list while a new one loads.
  const last = useRef<readonly Member[] | null>(null);
  last.current = room?.members ?? last.current;
  const members = last.current;

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing) return;
      if (!document.querySelector("dialog[open]")) onClose();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [onClose]);

  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // On a phone the panel replaces the element that had the focus.
    const { activeElement } = document;
    if (activeElement === document.body || activeElement?.getClientRects().length === 0) {
      close.current?.focus();
    }
  }, []);

  if (!room) return null;
  const { summary, attendance } = room;
  const title = roomTitle(summary, people);
  const describable = !isDirect(summary) && mayDescribe(summary.role);
  return (
    <>
      <header className={styles.top}>
        <h2>{t.details}</h2>
        <button
          ref={close}
          type="button"
          className={controls.icon}
          aria-label={t.close}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      <div className={styles.body}>
        <div className={styles.hero}>
          <Avatar
            name={title}
            seed={summary.peer?.user ?? id}
            icon={isPublic ? "cup" : undefined}
            availability={summary.peer ? people.availability(summary.peer.user) : undefined}
          />
          <h3 dir="auto" data-testid="details-title">
            {title}
          </h3>
          <p dir="auto">
            {isPublic
              ? t.hereNow(attendance ?? 0)
              : summary.peer
                ? presenceLine(people, summary.peer.user, i18n, client.now())
                : t.members(summary.members)}
          </p>
          {summary.description !== null && (
            <p className={styles.description} dir="auto" data-testid="description">
              {summary.description}
            </p>
          )}
          {describable && <DescribeButton room={room} />}
        </div>
        {summary.role !== null && <Mute room={room} />}
        {summary.role !== null && <InList room={room} />}
        {isPublic && <Topics room={id} number={summary.number} />}
        {!isDirect(summary) && maySet(summary.role) && <Writing room={room} />}
        {isGroup(summary) && mayInvite(summary.role) && <InviteLinks room={room} />}
        {members && <Members room={room} members={members} />}
        {isPublic && (
          <button
            type="button"
            className={`${controls.button} ${controls.soft}`}
            onClick={() => goTo(null)}
          >
            {t.walkOut}
          </button>
        )}
        {summary.peer && (
          <button
            type="button"
            className={`${controls.button} ${controls.soft}`}
            data-testid="group-with"
            onClick={() => openDialog("group-with")}
          >
            {t.groupWith(people.firstName(summary.peer.user))}
          </button>
        )}
        {!isPublic && !isDirect(summary) && (
          <button
            type="button"
            className={`${controls.button} ${controls.danger}`}
            data-testid="leave"
            onClick={() => openDialog("leave")}
          >
            {t.leave}
          </button>
        )}
      </div>
      <div className={styles.connection}>
        <ConnectionStatus />
      </div>
      {dialog === "group-with" && summary.peer && (
        <NewConversation withUser={summary.peer.user} onClose={closeDialog} />
      )}
      {dialog === "describe" && describable && <Describe room={room} />}
      {dialog === "leave" && <LeaveDialog id={id} title={title} onClose={closeDialog} />}
    </>
  );
}

function LeaveDialog({ id, title, onClose }: { id: RoomId; title: string; onClose(): void }) {
  const { t } = useI18n();
  const client = useChat();
  const action = useAction();
  const leave = async () => {
    if (await action.run(() => client.leave(id))) goTo(null);
  };
  return (
    <Dialog title={t.leave} onClose={onClose}>
      <p>{t.leaveAsk(title)}</p>
      <Problem action={action} />
      <button
        type="button"
        className={`${controls.button} ${controls.danger}`}
        disabled={action.busy}
        data-testid="leave-now"
        onClick={() => void leave()}
      >
        {t.leave}
      </button>
      <button type="button" className={`${controls.button} ${controls.soft}`} onClick={onClose}>
        {t.cancel}
      </button>
    </Dialog>
  );
}
