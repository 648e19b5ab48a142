import { type RoomSummary, type UserId, userId } from "@caffis/chat";
import { type FormEvent, useState } from "react";
import { explain, useChat } from "../app/chat.tsx";
import { goTo } from "../app/route.ts";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./NewConversation.module.css";
import { Choice } from "./Settings.tsx";

type Kind = "person" | "group" | "cafe";

/** The cafes that one can walk into: the main app knows more of them. */
const CAFES = [
  ["gambrinus", "Caffè Gambrinus"],
  ["gilli", "Caffè Gilli"],
  ["florian", "Caffè Florian"],
] as const;

/** Write to a person, make a group, or walk into a cafe. */
export function NewConversation({ onClose }: { onClose(): void }) {
  const { t } = useI18n();
  const [kind, setKind] = useState<Kind>("person");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const begin = async (make: () => Promise<RoomSummary>) => {
    setBusy(true);
    setError(null);
    try {
      goTo((await make()).room);
      onClose();
    } catch (failure) {
      setError(failure instanceof RangeError ? failure.message : explain(failure, t));
      setBusy(false);
    }
  };

  return (
    <Dialog title={t.newConversation} onClose={onClose}>
      <Choice<Kind>
        legend={t.newConversation}
        quiet
        name="kind"
        value={kind}
        options={[
          ["person", t.person],
          ["group", t.group],
          ["cafe", t.cafe],
        ]}
        onChange={setKind}
      />
      {kind === "person" && <WriteToPerson busy={busy} begin={begin} />}
      {kind === "group" && <MakeGroup busy={busy} begin={begin} />}
      {kind === "cafe" && <WalkIn busy={busy} begin={begin} />}
      {error && (
        <p className={controls.error} role="alert">
          {error}
        </p>
      )}
    </Dialog>
  );
}

interface PartProps {
  readonly busy: boolean;
  begin(make: () => Promise<RoomSummary>): void;
}

function useOthers() {
  const { client, demo } = useChat();
  const self = client.self.getSnapshot();
  return demo?.filter(({ user }) => user !== self) ?? null;
}

function WriteToPerson({ busy, begin }: PartProps) {
  const { t } = useI18n();
  const { client } = useChat();
  const others = useOthers();
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    begin(async () => client.ensureDirect(userId(text.trim())));
  };
  if (!others) {
    return (
      <form className={styles.form} onSubmit={submit}>
        <TextField label={t.userId} value={text} onChange={setText} />
        <button type="submit" className={controls.button} disabled={busy || !text.trim()}>
          {t.open}
        </button>
      </form>
    );
  }
  return (
    <ul className={styles.list} aria-label={t.writeTo}>
      {others.map(({ user, name }) => (
        <li key={user}>
          <button
            type="button"
            className={styles.item}
            disabled={busy}
            data-testid={`write-to-${user}`}
            onClick={() => begin(() => client.ensureDirect(user))}
          >
            <Avatar name={name} seed={user} size="s" />
            {name}
          </button>
        </li>
      ))}
    </ul>
  );
}

function MakeGroup({ busy, begin }: PartProps) {
  const { t } = useI18n();
  const { client } = useChat();
  const others = useOthers();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<UserId>>(new Set());
  const [ids, setIds] = useState("");
  const toggle = (user: UserId) => {
    const next = new Set(chosen);
    if (!next.delete(user)) next.add(user);
    setChosen(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    begin(async () => {
      const typed = ids.split(",").map((id) => id.trim());
      const members = others ? [...chosen] : typed.filter(Boolean).map(userId);
      return client.createGroup(name.trim(), members);
    });
  };
  const complete = name.trim() && (others ? chosen.size > 0 : ids.trim());
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextField label={t.groupName} value={name} onChange={setName} testId="group-name" />
      {others ? (
        <fieldset className={styles.members}>
          <legend className={controls.label}>{t.groupMembers}</legend>
          {others.map((other) => (
            <label key={other.user} className={styles.item}>
              <input
                type="checkbox"
                checked={chosen.has(other.user)}
                data-testid={`member-${other.user}`}
                onChange={() => toggle(other.user)}
              />
              <Avatar name={other.name} seed={other.user} size="s" />
              {other.name}
            </label>
          ))}
        </fieldset>
      ) : (
        <TextField label={t.userIds} value={ids} onChange={setIds} />
      )}
      <button
        type="submit"
        className={controls.button}
        disabled={busy || !complete}
        data-testid="create-group"
      >
        {t.createGroup}
      </button>
    </form>
  );
}

function WalkIn({ busy, begin }: PartProps) {
  const { t } = useI18n();
  const { client } = useChat();
  return (
    <>
      <p className={styles.lead}>{t.cafeLead}</p>
      <ul className={styles.list}>
        {CAFES.map(([id, name]) => (
          <li key={id}>
            <button
              type="button"
              className={styles.item}
              disabled={busy}
              data-testid={`cafe-${id}`}
              aria-label={`${t.walkIn}: ${name}`}
              onClick={() => begin(() => client.ensureRoom({ kind: "cafe", id }, "public", name))}
            >
              <Avatar name={name} seed={id} size="s" icon="cup" />
              {name}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function TextField(props: {
  label: string;
  value: string;
  testId?: string;
  onChange(value: string): void;
}) {
  return (
    <label>
      <span className={controls.label}>{props.label}</span>
      <input
        className={controls.field}
        value={props.value}
        data-testid={props.testId}
        autoComplete="off"
        onChange={(event) => props.onChange(event.target.value)}
      />
    </label>
  );
}
