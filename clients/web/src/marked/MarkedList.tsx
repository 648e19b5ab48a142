import type { MarkedMessage, SearchPlace } from "@caffis/chat";
import { useChat, useMentions, useRoomView, useSelf, useStars } from "@caffis/chat-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { explain, roomTitle, usePeople } from "../app/chat.tsx";
import { goToMessage } from "../app/place.ts";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { moveFocus } from "../common/moveFocus.ts";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "../search/Search.module.css";

/** Messages that are marked for this person, newest first; each leads to its place. */
export function MarkedList(props: {
  list: "mentions" | "stars";
  title: string;
  nothing: string;
  lead: string;
  onClose(): void;
}) {
  const { list, title, nothing, lead, onClose } = props;
  const source = useChat()[list];
  const marks = { mentions: useMentions(), stars: useStars() };
  const places = marks[list];
  const { t } = useI18n();
  const [messages, setMessages] = useState<readonly MarkedMessage[] | null>(null);
  const [next, setNext] = useState<SearchPlace | null>(null);
  const [busy, setBusy] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const end = useRef<AbortController>(null);
  const load = useCallback(
    async (before: SearchPlace | null) => {
      end.current?.abort();
      const controller = new AbortController();
      end.current = controller;
      setBusy(true);
      setError(null);
      try {
        const page = await source.page(before, controller.signal);
        if (controller.signal.aborted) return;
        setMessages((known) => [...(before && known ? known : []), ...page.messages]);
        setNext(page.next);
      } catch (failure) {
        if (controller.signal.aborted) return;
        setError(failure);
      }
      setBusy(false);
    },
    [source],
  );
  // What is marked meanwhile comes at once.
  useEffect(() => {
    void places;
    void load(null);
    return () => end.current?.abort();
  }, [load, places]);

  return (
    <Dialog title={title} onClose={onClose}>
      {error !== null && (
        <p className={controls.error} role="alert">
          {explain(error, t)}
        </p>
      )}
      <p className="visually-hidden" role="status">
        {busy ? t.loading : ""}
      </p>
      {messages?.length === 0 && !busy && !next && (
        <div className={styles.nothing} data-testid="marked-nothing">
          <strong>{nothing}</strong>
          <p>{lead}</p>
        </div>
      )}
      {messages && messages.length > 0 && (
        <ul
          className={styles.hits}
          data-testid="marked"
          aria-busy={busy}
          onKeyDown={(event) => moveFocus(event, "button")}
        >
          {messages.map((marked) => (
            <li key={`${marked.room} ${marked.message.position}`}>
              <MarkedRow
                marked={marked}
                onShow={() => {
                  onClose();
                  goToMessage(marked.room, marked.message.position);
                }}
              />
            </li>
          ))}
        </ul>
      )}
      {next && (
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          disabled={busy}
          data-testid="marked-more"
          onClick={() => void load(next)}
        >
          {t.more}
        </button>
      )}
    </Dialog>
  );
}

/** One of them. */
function MarkedRow({ marked, onShow }: { marked: MarkedMessage; onShow(): void }) {
  const { t, short } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const room = useRoomView(marked.room);
  const self = useSelf();
  const { sender, text, time, number } = marked.message.preview;
  const unread = room !== null && number > room.summary.read;
  return (
    <button
      type="button"
      className={styles.hit}
      data-testid="marked-message"
      data-unread={unread}
      onClick={onShow}
    >
      <Avatar name={people.name(sender)} seed={sender ?? ""} size="s" />
      <span className={styles.who} dir="auto">
        <strong>{sender === self ? t.you : people.name(sender)}</strong>
        {room && <span> · {roomTitle(room.summary, people)}</span>}
      </span>
      <time dateTime={new Date(time).toISOString()}>{short(time, client.now())}</time>
      <span className={styles.excerpt} dir="auto">
        {text || t.unknownMessage}
      </span>
    </button>
  );
}
