import { type HistoryPolicy, type RoomSummary, type UserId, userId } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { type FormEvent, useState } from "react";
import { useKnownPeople } from "../app/chat.tsx";
import { goTo } from "../app/route.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import { Avatar } from "../common/Avatar.tsx";
import { Choice } from "../common/Choice.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import picker from "../common/PeoplePicker.module.css";
import {
  isPicked,
  NOBODY,
  PeoplePicker,
  type Picked,
  pickedUsers,
} from "../common/PeoplePicker.tsx";
import { TextField } from "../common/TextField.tsx";
import { HistoryChoice } from "../details/HistoryChoice.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./NewConversation.module.css";

/** What later members of a group see, unless its maker chooses something else. */
const EVERYTHING: HistoryPolicy = { type: "all" };

type Kind = "person" | "group" | "cafe";

/** The cafes that one can walk into: the main app knows more of them. */
const CAFES = [
  ["gambrinus", "Caffè Gambrinus"],
  ["gilli", "Caffè Gilli"],
  ["florian", "Caffè Florian"],
] as const;

/** Write to a person, make a group, or walk into a cafe; with somebody, make a group with them and others. */
export function NewConversation(props: { withUser?: UserId; onClose(): void }) {
  const { t } = useI18n();
  const { withUser, onClose } = props;
  const [kind, setKind] = useState<Kind>(withUser ? "group" : "person");
  const action = useAction();
  const { busy } = action;

  const begin = async (make: () => Promise<RoomSummary>) => {
    // The room takes the place of this window.
    await action.run(async () => goTo((await make()).room), { not_found: t.nobodyWithId });
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
      {kind === "group" && <MakeGroup busy={busy} begin={begin} withUser={withUser} />}
      {kind === "cafe" && <WalkIn busy={busy} begin={begin} />}
      <Problem action={action} />
    </Dialog>
  );
}

interface PartProps {
  readonly busy: boolean;
  begin(make: () => Promise<RoomSummary>): void;
}

function WriteToPerson({ busy, begin }: PartProps) {
  const { t } = useI18n();
  const client = useChat();
  const known = useKnownPeople();
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    begin(async () => client.ensureDirect(userId(text.trim())));
  };
  return (
    <>
      {known.length > 0 && (
        <ul className={styles.list} aria-label={t.writeTo}>
          {known.map(({ user, name }) => (
            <li key={user}>
              <button
                type="button"
                className={picker.person}
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
      )}
      <form onSubmit={submit}>
        <TextField
          label={known.length > 0 ? t.orUserId : t.userId}
          value={text}
          testId="user-id"
          onChange={setText}
        >
          <button type="submit" className={controls.button} disabled={busy || !text.trim()}>
            {t.open}
          </button>
        </TextField>
      </form>
    </>
  );
}

function MakeGroup({ busy, begin, withUser }: PartProps & { withUser: UserId | undefined }) {
  const { t } = useI18n();
  const client = useChat();
  const known = useKnownPeople();
  const [name, setName] = useState("");
  const [history, setHistory] = useState(EVERYTHING);
  const [picked, setPicked] = useState<Picked>(
    withUser ? { ...NOBODY, chosen: new Set([withUser]) } : NOBODY,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    begin(async () => client.createGroup(name.trim(), pickedUsers(picked), history));
  };
  // A link or whoever manages the group can bring others later.
  const complete = name.trim() !== "";
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextField label={t.groupName} value={name} onChange={setName} testId="group-name" first />
      <PeoplePicker legend={t.groupMembers} people={known} picked={picked} onChange={setPicked} />
      {!isPicked(picked) && <p className={controls.hint}>{t.groupOfOne}</p>}
      <HistoryChoice set={EVERYTHING} value={history} onChange={setHistory} />
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
  const client = useChat();
  return (
    <>
      <p className={styles.lead}>{t.cafeLead}</p>
      <ul className={styles.list}>
        {CAFES.map(([id, name]) => (
          <li key={id}>
            <button
              type="button"
              className={picker.person}
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
