import type { Member, Role, RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useState } from "react";
import { usePeople } from "../app/chat.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import { Avatar } from "../common/Avatar.tsx";
import { Choice } from "../common/Choice.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { presenceLine } from "../room/Header.tsx";
import styles from "./Details.module.css";
import { mayHandOver, mayRemove, rolesToGive } from "./permissions.ts";

/** Changes a member's role, or removes them. */
export function ManageMember(props: {
  room: RoomView;
  member: Member;
  own: boolean;
  onClose(): void;
}) {
  const i18n = useI18n();
  const { t } = i18n;
  const client = useChat();
  const people = usePeople(t);
  const { room, member, own, onClose } = props;
  const { user } = member.profile;
  const name = people.name(user);
  const actor = room.summary.role;
  const roles = rolesToGive(actor, member.role);
  /** What the person is asked about before it is done. */
  const [asked, setAsked] = useState<"remove" | "handOver" | null>(null);
  const action = useAction({ parallel: true });
  /** What was chosen and is not yet in the log. */
  const [wanted, setWanted] = useState<Role | null>(null);
  const setRole = async (role: Role) => {
    setWanted(role);
    if (!(await action.run(() => client.setRole(room.id, user, role)))) setWanted(null);
  };
  const remove = async () => {
    if (asked !== "remove") setAsked("remove");
    else if (await action.run(() => client.removeMember(room.id, user))) onClose();
  };
  const handOver = async () => {
    if (asked !== "handOver") setAsked("handOver");
    else if (await action.run(() => client.handOver(room.id, user))) onClose();
  };
  return (
    <Dialog title={t.manageMember(name)} onClose={onClose}>
      <div className={styles.who}>
        <Avatar name={name} seed={user} size="m" availability={people.availability(user)} />
        <span className={styles.person}>
          <strong dir="auto">{name}</strong>
          <small dir="auto">{presenceLine(people, user, i18n, client.now())}</small>
        </span>
      </div>
      {roles.length > 0 && (
        <Choice<Role>
          legend={t.role}
          name="role"
          value={wanted ?? member.role}
          options={roles.map((role) => [role, t.roles[role]] as const)}
          onChange={(role) => void setRole(role)}
        />
      )}
      {asked && <p role="status">{asked === "remove" ? t.removeAsk(name) : t.handOverAsk(name)}</p>}
      <Problem action={action} />
      {!own && mayHandOver(actor, member.role) && asked !== "remove" && (
        <button
          type="button"
          className={`${controls.button} ${asked ? controls.danger : controls.soft}`}
          disabled={action.busy}
          data-testid="hand-over"
          onClick={() => void handOver()}
        >
          {t.handOver}
        </button>
      )}
      {!own && mayRemove(actor, member.role) && asked !== "handOver" && (
        <button
          type="button"
          className={`${controls.button} ${controls.danger}`}
          disabled={action.busy}
          data-testid="remove-member"
          onClick={() => void remove()}
        >
          {asked ? t.remove : t.removeMember}
        </button>
      )}
      {asked && (
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          onClick={() => setAsked(null)}
        >
          {t.cancel}
        </button>
      )}
    </Dialog>
  );
}
