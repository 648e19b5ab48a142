import type { PollBody, RoomId, Voter } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useEffect, useRef, useState } from "react";
import { usePeople } from "../app/chat.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Cards.module.css";

/** Says who chose what in a poll, a page at a time. */
export function Voters(props: { room: RoomId; position: number; poll: PollBody; onClose(): void }) {
  const { room, position, poll, onClose } = props;
  const { t } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const action = useAction();
  const [found, setFound] = useState<{ voters: readonly Voter[]; more: boolean } | null>(null);
  const load = async () => {
    const before = found?.voters ?? [];
    const page = await client.polls.voters(room, position, before.at(-1)?.user ?? null);
    setFound({ voters: [...before, ...page.voters], more: page.more });
  };
  const first = useRef(() => action.run(load));
  useEffect(() => void first.current(), []);
  return (
    <Dialog title={t.pollWho} onClose={onClose}>
      <ul className={styles.voters} data-testid="voters">
        {found?.voters.map(({ user, choices }) => (
          <li key={user}>
            <Avatar name={people.name(user)} seed={user} size="s" />
            <span dir="auto">{people.name(user)}</span>
            <small dir="auto">{choices.map((at) => poll.options[at]).join(", ")}</small>
          </li>
        ))}
      </ul>
      <Problem action={action} />
      {found?.more && (
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          disabled={action.busy}
          onClick={() => void action.run(load)}
        >
          {t.pollMoreVoters}
        </button>
      )}
    </Dialog>
  );
}
