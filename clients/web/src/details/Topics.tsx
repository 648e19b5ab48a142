import type { RoomId, Topic } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useEffect, useRef, useState } from "react";
import { openDialog } from "../app/route.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { setResults } from "../search/results.ts";
import styles from "./Topics.module.css";

/** How often the topics are asked for at most, while people write. */
const PAUSE_MS = 5_000;

/** How often they are asked for when nobody writes: words get lighter with time. */
const QUIET_MS = 60_000;

/** What a public room talks about; a word leads to a search for it. */
export function Topics({ room, number }: { room: RoomId; number: number }) {
  const { t } = useI18n();
  const client = useChat();
  const [topics, setTopics] = useState<readonly Topic[]>([]);
  const asked = useRef(0);
  const [again, setAgain] = useState(0);

  useEffect(() => {
    const { signal, abort } = controller();
    const wait = Math.max(0, asked.current + PAUSE_MS - Date.now());
    const first = setTimeout(() => {
      asked.current = Date.now();
      client.topics(room, 10, signal).then(setTopics, ignore);
    }, wait);
    const later = setTimeout(() => setAgain((times) => times + 1), wait + QUIET_MS);
    return () => {
      clearTimeout(first);
      clearTimeout(later);
      abort();
    };
  }, [client, room, number, again]);

  if (topics.length === 0) return null;
  const search = (word: string) => {
    setResults(null);
    setResults({ query: word, room, hits: [], next: null, shown: null, stale: true });
    openDialog("search-room");
  };
  return (
    <section className={styles.topics} aria-label={t.topics} data-testid="topics">
      <h4>{t.topics}</h4>
      <ul>
        {topics.map(({ word, messages }) => (
          <li key={word}>
            <button
              type="button"
              dir="auto"
              title={t.topicMessages(messages)}
              onClick={() => search(word)}
            >
              {word}
              <span className="visually-hidden">, {t.topicMessages(messages)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function controller() {
  const own = new AbortController();
  return { signal: own.signal, abort: () => own.abort() };
}

/** What could not be loaded is asked for again. */
function ignore(): void {}
