import { CommandError, type InvitedRoom } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useEffect, useState } from "react";
import { explain } from "../app/chat.tsx";
import { goTo } from "../app/route.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "../sign-in/SignIn.module.css";
import join from "./Join.module.css";
import { forgetInvite, type Pending } from "./pending.ts";

/** What an invite link leads to, and the button to join. */
export function Join({ invite }: { invite: Pending }) {
  const { t } = useI18n();
  const client = useChat();
  const action = useAction();
  const [room, setRoom] = useState<InvitedRoom | null>(null);
  const [error, setError] = useState<unknown>(null);

  useEffect(() => {
    setRoom(null);
    setError(null);
    if (invite === "broken") return;
    const end = new AbortController();
    client.invites.preview(invite, end.signal).then(setRoom, (failure) => {
      if (!end.signal.aborted) setError(failure);
    });
    return () => end.abort();
  }, [client, invite]);

  const enter = async () => {
    if (invite === "broken") return;
    const member = room?.member ?? false;
    const act = async () => member || (await client.invites.join(invite));
    if (!(await action.run(act, t.joinErrors))) return;
    goTo(invite.room);
    forgetInvite();
  };
  const failed =
    invite === "broken"
      ? t.joinErrors.not_found
      : error === null
        ? null
        : explain(error, t, error instanceof CommandError ? t.joinErrors : {});
  return (
    <main className={styles.screen}>
      <section className={styles.card} aria-labelledby="join-title" data-testid="join">
        <span className={styles.mark}>
          <Icon name="link" size={30} />
        </span>
        <h1 id="join-title" className={styles.title}>
          {t.joinTitle}
        </h1>
        {failed !== null && (
          <p className={controls.error} role="alert" data-testid="join-failed">
            {failed}
          </p>
        )}
        {failed === null && room === null && <p role="status">{t.loading}</p>}
        {room && (
          <>
            <p className={styles.lead}>{t.joinBy(room.by.name)}</p>
            <div className={join.room}>
              <Avatar name={room.name ?? t.group} seed={room.room} />
              <div>
                <h2 dir="auto" data-testid="join-room">
                  {room.name ?? t.group}
                </h2>
                <p className={controls.hint}>{t.members(room.members)}</p>
              </div>
            </div>
            {room.member && <p className={controls.hint}>{t.joinMember}</p>}
            <Problem action={action} />
            <button
              type="button"
              className={controls.button}
              data-testid="join-now"
              disabled={action.busy}
              onClick={() => void enter()}
            >
              {room.member ? t.joinOpen : t.joinRoom}
            </button>
          </>
        )}
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          data-testid="join-not"
          onClick={forgetInvite}
        >
          {room ? t.joinNot : t.joinGoOn}
        </button>
      </section>
    </main>
  );
}
