import { placementOf, type RoomView } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { Problem, useAction } from "../app/useAction.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { ROOM_ACTIONS, roomActions } from "../rooms/placement.ts";
import styles from "./Details.module.css";

/** Pins, archives or hides a room in the list of the person, on all their devices. */
export function InList({ room }: { room: RoomView }) {
  const { t } = useI18n();
  const client = useChat();
  const action = useAction();
  const placement = placementOf(room.summary, client.now());
  const meanings = { limit_reached: t.tooManyPinned };
  return (
    <section aria-label={t.inTheList}>
      <h3 className={styles.heading}>{t.inTheList}</h3>
      <div className={styles.times}>
        {roomActions(placement).map((name) => (
          <button
            key={name}
            type="button"
            className={`${controls.button} ${controls.soft} ${styles.placed}`}
            disabled={action.busy}
            data-testid={`details-${name}`}
            onClick={() =>
              void action.run(() => client.place(room.id, ROOM_ACTIONS[name].to), meanings)
            }
          >
            <Icon name={ROOM_ACTIONS[name].icon} size={16} />
            {t.roomActions[name]}
          </button>
        ))}
      </div>
      <Problem action={action} />
    </section>
  );
}
