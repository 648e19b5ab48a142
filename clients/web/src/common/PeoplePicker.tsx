import { type UserId, userId } from "@caffis/chat";
import type { Known } from "../app/chat.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { Avatar } from "./Avatar.tsx";
import controls from "./controls.module.css";
import styles from "./PeoplePicker.module.css";
import { TextField } from "./TextField.tsx";

/** The chosen people: from a list of names, or as typed ids. */
export interface Picked {
  readonly chosen: ReadonlySet<UserId>;
  readonly ids: string;
}

/** Nobody yet. */
export const NOBODY: Picked = { chosen: new Set(), ids: "" };

/** Whether anybody was chosen. */
export function isPicked({ chosen, ids }: Picked): boolean {
  return chosen.size > 0 || ids.trim() !== "";
}

/** Everyone who was chosen, once; throws `RangeError` for an invalid id. */
export function pickedUsers({ chosen, ids }: Picked): UserId[] {
  const typed = ids.split(",").map((id) => id.trim());
  return [...new Set([...chosen, ...typed.filter(Boolean).map(userId)])];
}

/** Chooses several people. */
export function PeoplePicker(props: {
  legend: string;
  people: readonly Known[];
  picked: Picked;
  onChange(picked: Picked): void;
}) {
  const { t } = useI18n();
  const { legend, people, picked, onChange } = props;
  const toggle = (user: UserId) => {
    const chosen = new Set(picked.chosen);
    if (!chosen.delete(user)) chosen.add(user);
    onChange({ ...picked, chosen });
  };
  return (
    <>
      {people.length > 0 && (
        <fieldset className={styles.people}>
          <legend className={controls.label}>{legend}</legend>
          {people.map(({ user, name }) => (
            <label key={user} className={styles.person}>
              <input
                type="checkbox"
                checked={picked.chosen.has(user)}
                data-testid={`member-${user}`}
                onChange={() => toggle(user)}
              />
              <Avatar name={name} seed={user} size="s" />
              {name}
            </label>
          ))}
        </fieldset>
      )}
      <TextField
        label={people.length > 0 ? t.moreUserIds : t.userIds}
        value={picked.ids}
        testId="user-ids"
        onChange={(ids) => onChange({ ...picked, ids })}
      />
    </>
  );
}
