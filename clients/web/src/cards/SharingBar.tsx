import type { Sharing } from "@caffis/chat";
import { useChat, useReadable, useRoomView } from "@caffis/chat-react";
import { roomTitle, usePeople } from "../app/chat.tsx";
import { useAction } from "../app/useAction.tsx";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Cards.module.css";

/** Reminds of each live location that this person shares from here, wherever they are in the page. */
export function SharingBars() {
  const client = useChat();
  const sharing = useReadable(client.locations.sharing);
  return sharing.map((each) => <SharingBar key={`${each.room} ${each.message}`} sharing={each} />);
}

function SharingBar({ sharing }: { sharing: Sharing }) {
  const { t, time } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const room = useRoomView(sharing.room);
  const { busy, run } = useAction();
  const title = room ? roomTitle(room.summary, people) : t.aConversation;
  return (
    <div className={styles.sharing} data-testid="sharing">
      <Icon name="place" size={16} />
      <span dir="auto">{t.liveSharing(title, time(sharing.until))}</span>
      <button
        type="button"
        disabled={busy}
        data-testid="sharing-end"
        onClick={() => void run(() => client.locations.end(sharing))}
      >
        {t.liveEnd}
      </button>
    </div>
  );
}
