import type { Member, RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { type FormEvent, useState } from "react";
import { useKnownPeople } from "../app/chat.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { isPicked, NOBODY, PeoplePicker, pickedUsers } from "../common/PeoplePicker.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Details.module.css";

/** Adds people to a group. */
export function AddMembers(props: { room: RoomView; members: readonly Member[]; onClose(): void }) {
  const { t } = useI18n();
  const client = useChat();
  const { room, members, onClose } = props;
  const known = useKnownPeople();
  const inside = new Set(members.map(({ profile }) => profile.user));
  const others = known.filter(({ user }) => !inside.has(user));
  const [picked, setPicked] = useState(NOBODY);
  const action = useAction();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const add = async () => client.addMembers(room.id, pickedUsers(picked));
    if (await action.run(add, { not_found: t.nobodyWithId })) onClose();
  };
  return (
    <Dialog title={t.addMembers} onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        {known.length > 0 && others.length === 0 && (
          <p className={controls.hint}>{t.everybodyIsIn}</p>
        )}
        <PeoplePicker legend={t.people} people={others} picked={picked} onChange={setPicked} />
        <Problem action={action} />
        <button
          type="submit"
          className={controls.button}
          disabled={action.busy || !isPicked(picked)}
          data-testid="add-picked"
        >
          {t.add}
        </button>
      </form>
    </Dialog>
  );
}
