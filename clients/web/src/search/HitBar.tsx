import type { RoomId } from "@caffis/chat";
import { goToMessage } from "../app/place.ts";
import { openDialog } from "../app/route.ts";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { setResults, useResults, useShownHit } from "./results.ts";
import styles from "./Search.module.css";

/** Steps through what was found, above the messages of the conversation in which a result is shown. */
export function HitBar({ room }: { room: RoomId }) {
  const { t } = useI18n();
  const results = useResults();
  const there = useShownHit(room);
  if (!results || results.shown === null || !there) return null;
  const { hits, next, query, shown } = results;
  const step = (index: number) => {
    const hit = hits[index];
    if (!hit) return;
    setResults({ ...results, shown: index });
    goToMessage(hit.room, hit.position);
  };
  const count = `${hits.length}${next ? "+" : ""}`;
  return (
    <search className={styles.bar} aria-label={t.search} data-testid="hit-bar">
      <button
        type="button"
        className={styles.again}
        dir="auto"
        title={t.backToResults}
        data-testid="hit-again"
        onClick={() => openDialog("search-room")}
      >
        {query}
      </button>
      <span role="status" data-testid="hit-at">
        {t.hitAt(shown + 1, count)}
      </span>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.olderHit}
        title={t.olderHit}
        disabled={shown + 1 >= hits.length}
        data-testid="hit-older"
        onClick={() => step(shown + 1)}
      >
        <Icon name="upper" />
      </button>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.newerHit}
        title={t.newerHit}
        disabled={shown === 0}
        data-testid="hit-newer"
        onClick={() => step(shown - 1)}
      >
        <Icon name="lower" />
      </button>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.close}
        onClick={() => setResults(null)}
      >
        <Icon name="close" />
      </button>
    </search>
  );
}
