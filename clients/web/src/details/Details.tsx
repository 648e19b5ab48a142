import type { RoomId } from "@caffis/chat";
import { useEffect, useState } from "react";
import { explain, isDirect, roomTitle, useChat, usePeople } from "../app/chat.tsx";
import { goTo } from "../app/route.ts";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { Icon } from "../common/Icon.tsx";
import { useReadable } from "../common/useReadable.ts";
import { ConnectionStatus } from "../connection/ConnectionStatus.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { presenceLine } from "../room/Header.tsx";
import styles from "./Details.module.css";

/** What a conversation is and who is in it. */
export function Details({ id, onClose }: { id: RoomId; onClose(): void }) {
  const i18n = useI18n();
  const { t } = i18n;
  const { client } = useChat();
  const people = usePeople(t);
  const room = useReadable(client.room(id));
  const [leaving, setLeaving] = useState(false);
  const isPublic = room?.summary.class === "public";

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) onClose();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [onClose]);

  if (!room) return null;
  const { summary, members, attendance } = room;
  const title = roomTitle(summary, people);
  return (
    <>
      <header className={styles.top}>
        <h2>{t.details}</h2>
        <button type="button" className={controls.icon} aria-label={t.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className={styles.body}>
        <div className={styles.hero}>
          <Avatar
            name={title}
            seed={summary.peer?.user ?? id}
            icon={isPublic ? "cup" : undefined}
          />
          <h3 dir="auto">{title}</h3>
          <p>
            {isPublic
              ? t.hereNow(attendance ?? 0)
              : !isDirect(summary) && t.members(summary.members)}
          </p>
        </div>
        {members && (
          <section aria-label={t.membersTitle}>
            <h3 className={styles.heading}>{t.membersTitle}</h3>
            <ul data-testid="members">
              {members.map(({ profile, role }) => (
                <li key={profile.user} className={styles.member} data-user={profile.user}>
                  <Avatar
                    name={profile.name}
                    seed={profile.user}
                    size="s"
                    availability={people.availability(profile.user)}
                  />
                  <span className={styles.person}>
                    <span>{people.name(profile.user)}</span>
                    <small>{presenceLine(people, profile.user, i18n, client.now())}</small>
                  </span>
                  {role !== "member" && <span className={styles.tag}>{t.roles[role]}</span>}
                </li>
              ))}
            </ul>
          </section>
        )}
        {isPublic && (
          <button
            type="button"
            className={`${controls.button} ${controls.soft}`}
            onClick={() => goTo(null)}
          >
            {t.walkOut}
          </button>
        )}
        {!isPublic && !isDirect(summary) && (
          <button
            type="button"
            className={`${controls.button} ${controls.danger}`}
            data-testid="leave"
            onClick={() => setLeaving(true)}
          >
            {t.leave}
          </button>
        )}
      </div>
      <div className={styles.connection}>
        <ConnectionStatus />
      </div>
      {leaving && <LeaveDialog id={id} title={title} onClose={() => setLeaving(false)} />}
    </>
  );
}

function LeaveDialog({ id, title, onClose }: { id: RoomId; title: string; onClose(): void }) {
  const { t } = useI18n();
  const { client } = useChat();
  const [error, setError] = useState<string | null>(null);
  const leave = () => {
    client.leave(id).then(
      () => goTo(null),
      (failure) => setError(explain(failure, t)),
    );
  };
  return (
    <Dialog title={t.leave} onClose={onClose}>
      <p>{t.leaveAsk(title)}</p>
      {error && (
        <p className={controls.error} role="alert">
          {error}
        </p>
      )}
      <button type="button" className={`${controls.button} ${controls.danger}`} onClick={leave}>
        {t.leave}
      </button>
      <button type="button" className={`${controls.button} ${controls.soft}`} onClick={onClose}>
        {t.cancel}
      </button>
    </Dialog>
  );
}
