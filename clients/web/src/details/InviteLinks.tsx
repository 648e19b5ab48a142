import { INVITE_WEEK, type Invite, type RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { explain, roomTitle, usePeople } from "../app/chat.tsx";
import { closeDialog, openDialog, useRoute } from "../app/route.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import { Choice } from "../common/Choice.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { Icon } from "../common/Icon.tsx";
import { TextField } from "../common/TextField.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { inviteAddress } from "../join/pending.ts";
import styles from "./Details.module.css";
import links from "./InviteLinks.module.css";
import { stateOf } from "./invites.ts";

/** The times for which a link is good that are offered, in seconds; 0 is for ever. */
const TIMES = [3600, 86_400, INVITE_WEEK, 2_592_000, 0] as const;

/** The numbers of people that are offered; 0 is any number. */
const USES = [1, 10, 100, 0] as const;

/** Opens the window of invite links. */
export function InviteLinks({ room }: { room: RoomView }) {
  const { t } = useI18n();
  const { dialog } = useRoute();
  return (
    <>
      <button
        type="button"
        className={styles.add}
        data-testid="invites"
        onClick={() => openDialog("invites")}
      >
        <span>
          <Icon name="link" size={18} />
        </span>
        {t.inviteByLink}
      </button>
      {dialog === "invites" && <InviteDialog room={room} onClose={closeDialog} />}
    </>
  );
}

function InviteDialog({ room, onClose }: { room: RoomView; onClose(): void }) {
  const { t } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const [made, setMade] = useState<string | null>(null);
  const [invites, setInvites] = useState<readonly Invite[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  // Whatever changes the links is an entry of the room, so the list follows its head.
  const { head } = room.summary;
  useEffect(() => {
    const end = new AbortController();
    client.invites.list(room.id, end.signal).then(
      (list) => {
        setError(null);
        setInvites(list);
      },
      (failure) => {
        if (!end.signal.aborted) setError(failure);
      },
    );
    return () => end.abort();
  }, [client, room.id, head]);
  return (
    <Dialog title={t.inviteByLink} onClose={onClose}>
      <p className={controls.hint}>{t.inviteLead}</p>
      {made === null ? (
        <NewInvite room={room} onMade={setMade} />
      ) : (
        <MadeInvite
          address={made}
          title={roomTitle(room.summary, people)}
          onAnother={() => setMade(null)}
        />
      )}
      <section aria-label={t.inviteList}>
        <h3 className={styles.heading}>{t.inviteList}</h3>
        {error !== null && (
          <p className={controls.error} role="alert">
            {explain(error, t)}
          </p>
        )}
        {invites === null && error === null && <p role="status">{t.loading}</p>}
        {invites?.length === 0 && <p className={controls.hint}>{t.noInvites}</p>}
        <ul className={links.list} data-testid="invite-list">
          {invites?.map((invite) => (
            <InviteRow key={invite.invite} room={room} invite={invite} />
          ))}
        </ul>
      </section>
    </Dialog>
  );
}

function NewInvite({ room, onMade }: { room: RoomView; onMade(address: string): void }) {
  const { t } = useI18n();
  const client = useChat();
  const action = useAction();
  const [name, setName] = useState("");
  const [time, setTime] = useState<number>(INVITE_WEEK);
  const [uses, setUses] = useState<number>(0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const options = { lifetimeSeconds: time, maxUses: uses, name: name.trim() || null };
      onMade(inviteAddress(location.origin, await client.invites.create(room.id, options)));
    });
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Choice<string>
        legend={t.inviteEnds}
        name="invite-time"
        value={String(time)}
        options={TIMES.map((seconds) => [String(seconds), t.inviteTime(seconds)] as const)}
        disabled={action.busy}
        onChange={(seconds) => setTime(Number(seconds))}
      />
      <Choice<string>
        legend={t.inviteUses}
        name="invite-uses"
        value={String(uses)}
        options={USES.map((count) => [String(count), t.inviteMost(count)] as const)}
        disabled={action.busy}
        onChange={(count) => setUses(Number(count))}
      />
      <TextField
        label={t.inviteName}
        placeholder={t.inviteNameHint}
        value={name}
        testId="invite-name"
        onChange={setName}
      />
      <Problem action={action} />
      <button
        type="submit"
        className={controls.button}
        disabled={action.busy}
        data-testid="create-invite"
      >
        {t.createInvite}
      </button>
    </form>
  );
}

/** The link, the only time that it is shown. */
function MadeInvite(props: { address: string; title: string; onAnother(): void }) {
  const { t } = useI18n();
  const { address, title, onAnother } = props;
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  // The button that made the link is gone, and with it the focus.
  useEffect(() => button.current?.focus(), []);
  const copy = () =>
    navigator.clipboard.writeText(address).then(
      () => setCopied(true),
      // The browser does not let the page: the person copies it themselves.
      () => field.current?.select(),
    );
  const share = () =>
    navigator.share({ title, text: t.shareInviteText(title), url: address }).catch(() => {
      // The person closed the system's sheet.
    });
  return (
    <div className={styles.form}>
      <label>
        <span className={controls.label}>{t.inviteReady}</span>
        <input
          ref={field}
          className={controls.field}
          readOnly
          value={address}
          data-testid="invite-link"
          onFocus={(event) => event.target.select()}
        />
      </label>
      <p className={controls.hint}>{t.inviteOnce}</p>
      <div className={styles.times}>
        <button
          type="button"
          className={controls.button}
          ref={button}
          data-testid="copy-invite"
          onClick={() => void copy()}
        >
          {t.copyInvite}
        </button>
        {"share" in navigator && (
          <button
            type="button"
            className={`${controls.button} ${controls.soft}`}
            onClick={() => void share()}
          >
            {t.shareInvite}
          </button>
        )}
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          data-testid="another-invite"
          onClick={onAnother}
        >
          {t.newInvite}
        </button>
      </div>
      <p className={controls.hint} role="status">
        {copied && t.copied}
      </p>
    </div>
  );
}

function InviteRow({ room, invite }: { room: RoomView; invite: Invite }) {
  const i18n = useI18n();
  const { t } = i18n;
  const client = useChat();
  const people = usePeople(t);
  const action = useAction();
  const now = client.now();
  const state = stateOf(invite, now);
  const name = invite.name ?? t.unnamedInvite;
  const ends =
    invite.expires === null ? t.inviteForEver : t.inviteUntil(i18n.when(invite.expires, null));
  return (
    <li className={links.row} data-state={state}>
      <div>
        <span dir="auto">{name}</span>
        <small dir="auto">
          {[t.inviteBy(people.name(invite.by)), t.inviteUsed(invite.uses, invite.maxUses)].join(
            " · ",
          )}
        </small>
        <small>{state === "good" ? ends : t.inviteStates[state]}</small>
        <Problem action={action} />
      </div>
      {state === "good" && (
        <button
          type="button"
          className={`${controls.button} ${controls.danger}`}
          aria-label={t.revokeInviteNamed(name)}
          disabled={action.busy}
          data-testid="revoke-invite"
          onClick={() => void action.run(() => client.invites.revoke(room.id, invite.invite))}
        >
          {t.revokeInvite}
        </button>
      )}
    </li>
  );
}
