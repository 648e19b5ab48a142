import type { Member, RoomView } from "@caffis/chat";
import { useChat, useSelf } from "@caffis/chat-react";
import { useEffect } from "react";
import { usePeople } from "../app/chat.tsx";
import { closeDialog, openDialog, useRoute } from "../app/route.ts";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { presenceLine } from "../room/Header.tsx";
import { AddMembers } from "./AddMembers.tsx";
import styles from "./Details.module.css";
import { ManageMember } from "./ManageMember.tsx";
import { mayAdd, mayRemove, rolesToGive } from "./permissions.ts";

/** The name of the window that manages a member, before their id. */
const MANAGE = "manage ";

/** The members of a group and what the person may do with them, or who is in a public room. */
export function Members({ room, members }: { room: RoomView; members: readonly Member[] }) {
  const { t } = useI18n();
  const self = useSelf();
  const { dialog } = useRoute();
  const { role } = room.summary;
  const isPublic = room.summary.class === "public";
  const title = isPublic ? t.insideTitle : t.membersTitle;
  const changeable = room.summary.peer === null;
  const managed = dialog?.startsWith(MANAGE) ? dialog.slice(MANAGE.length) : null;
  const member = members.find(({ profile }) => profile.user === managed);
  // Somebody else may have removed them first.
  const gone = managed !== null && member === undefined;
  useEffect(() => {
    if (gone) closeDialog();
  }, [gone]);
  return (
    <section aria-label={title}>
      <h3 className={styles.heading}>{title}</h3>
      {changeable && mayAdd(role) && (
        <button
          type="button"
          className={styles.add}
          data-testid="add-members"
          onClick={() => openDialog("add")}
        >
          <span>
            <Icon name="add" size={18} />
          </span>
          {t.addMembers}
        </button>
      )}
      <ul className={styles.members} data-testid="members">
        {members.map((each) => {
          const own = each.profile.user === self;
          const manageable =
            changeable &&
            (rolesToGive(role, each.role).length > 0 || (!own && mayRemove(role, each.role)));
          return (
            <MemberRow
              key={each.profile.user}
              member={each}
              own={own}
              here={isPublic}
              onManage={manageable ? () => openDialog(MANAGE + each.profile.user) : null}
            />
          );
        })}
      </ul>
      {dialog === "add" && <AddMembers room={room} members={members} onClose={closeDialog} />}
      {member && (
        <ManageMember
          room={room}
          member={member}
          own={member.profile.user === self}
          onClose={closeDialog}
        />
      )}
    </section>
  );
}

function MemberRow(props: {
  member: Member;
  own: boolean;
  /** They are in the room, so their presence says nothing. */
  here: boolean;
  onManage: (() => void) | null;
}) {
  const i18n = useI18n();
  const { t } = i18n;
  const client = useChat();
  const people = usePeople(t);
  const { member, own, here, onManage } = props;
  const { user } = member.profile;
  const name = people.name(user);
  return (
    <li className={styles.member} data-user={user} data-role={member.role}>
      <Avatar
        name={name}
        seed={user}
        size="s"
        availability={here ? undefined : people.availability(user)}
      />
      <span className={styles.person}>
        <span dir="auto">
          {name}
          {own && <span className={styles.own}> ({t.yourself})</span>}
        </span>
        {!here && <small dir="auto">{presenceLine(people, user, i18n, client.now())}</small>}
      </span>
      {member.role !== "member" && <span className={styles.tag}>{t.roles[member.role]}</span>}
      {onManage && (
        <button
          type="button"
          className={controls.icon}
          aria-label={t.manageMember(name)}
          title={t.manageMember(name)}
          data-testid={`manage-${user}`}
          onClick={onManage}
        >
          <Icon name="more" />
        </button>
      )}
    </li>
  );
}
