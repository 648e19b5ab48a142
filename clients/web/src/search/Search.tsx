import type { Hit, RoomId, SearchPage } from "@caffis/chat";
import { useChat, useConnection, useRoomView, useSelf } from "@caffis/chat-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { explain, roomTitle, useKnownPeople, usePeople } from "../app/chat.tsx";
import { goToMessage } from "../app/place.ts";
import { Avatar } from "../common/Avatar.tsx";
import { Choice } from "../common/Choice.tsx";
import controls from "../common/controls.module.css";
import { Dialog, FIRST_EVERYWHERE } from "../common/Dialog.tsx";
import { Icon } from "../common/Icon.tsx";
import { moveFocus } from "../common/moveFocus.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { FilterHelp, Filters } from "./Filters.tsx";
import { type Trouble, troubleOf } from "./filters.ts";
import { asAsked } from "./query.ts";
import { lastResults, type Results, setResults } from "./results.ts";
import styles from "./Search.module.css";

/** How long nobody types before the server is asked. */
const PAUSE_MS = 250;

/** What came with the last page. */
type Notes = Pick<SearchPage, "behind" | "roomsLeft">;

/** The window in which a person searches: one conversation, or all of them. */
export function Search({ room, onClose }: { room: RoomId | null; onClose(): void }) {
  const { t } = useI18n();
  const client = useChat();
  const known = useKnownPeople();
  const online = useConnection().phase === "online";
  const before = lastResults();
  const [query, setQuery] = useState(before?.query ?? "");
  const [scope, setScope] = useState<RoomId | null>(before && !before.room ? null : room);
  const [found, setFound] = useState<Results | null>(before?.stale ? null : before);
  const [notes, setNotes] = useState<Notes>({ behind: false, roomsLeft: 0 });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const people = useRef(known);
  people.current = known;
  const asking = useRef<AbortController>(null);

  const ask = async (results: Results) => {
    asking.current?.abort();
    const wrong = troubleOf(results.query, results.room !== null);
    setTrouble(wrong);
    setError(null);
    if (wrong) {
      setFound(null);
      setBusy(false);
      return;
    }
    const controller = new AbortController();
    asking.current = controller;
    const { signal } = controller;
    setBusy(true);
    try {
      const asked = asAsked(results.query, people.current);
      const options = { query: asked, room: results.room, before: results.next };
      const page = await client.search(options, signal);
      if (signal.aborted) return;
      const all = { ...results, hits: [...results.hits, ...page.hits], next: page.next };
      setFound(all);
      setResults(all);
      setNotes(page);
    } catch (failure) {
      if (signal.aborted) return;
      setError(failure);
      setFound(null);
    }
    setBusy(false);
  };
  const latest = useRef(ask);
  latest.current = ask;

  useEffect(() => {
    const last = lastResults();
    const same = last?.query === query && last?.room === scope && !last.stale;
    if (same) return;
    if (query.trim() === "") {
      asking.current?.abort();
      setResults(null);
      setFound(null);
      setError(null);
      setTrouble(null);
      setBusy(false);
      return;
    }
    const empty = { query, room: scope, hits: [], next: null, shown: null };
    const timer = setTimeout(() => void latest.current(empty), last?.stale ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [query, scope]);
  useEffect(() => () => asking.current?.abort(), []);

  const show = (index: number) => {
    const hit = found?.hits[index];
    if (!found || !hit) return;
    setResults({ ...found, shown: index });
    onClose();
    goToMessage(hit.room, hit.position);
  };
  const list = useRef<HTMLUListElement>(null);
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const first = list.current?.querySelector<HTMLElement>("button");
    if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (found?.hits.length && found.query === query) show(0);
    }
  };

  return (
    <Dialog title={t.search} onClose={onClose}>
      <div className={styles.field}>
        <Icon name="search" size={18} />
        {/* Not of the type search, which takes the first Escape to clear itself. */}
        <input
          type="text"
          className={controls.field}
          aria-label={t.search}
          aria-describedby="search-hint"
          value={query}
          dir="auto"
          {...FIRST_EVERYWHERE}
          autoComplete="off"
          enterKeyHint="search"
          data-testid="search-field"
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={onKey}
        />
      </div>
      {room && (
        <Choice
          legend={t.searchIn}
          quiet
          name="search-scope"
          value={scope ? "here" : "all"}
          options={[
            ["here", t.searchHere],
            ["all", t.searchAll],
          ]}
          onChange={(value) => setScope(value === "here" ? room : null)}
        />
      )}
      <Filters query={query} onChange={setQuery} />
      <p id="search-hint" className={controls.hint} hidden={query.trim() !== ""}>
        {t.searchHint}
      </p>
      {query.trim() === "" && <FilterHelp across={scope === null} />}
      <p className={busy ? controls.hint : "visually-hidden"} role="status">
        {busy ? (online ? t.searching : t.waitsForConnection) : found ? countOf(found, t) : ""}
      </p>
      {trouble && (
        <p className={controls.error} role="alert" data-testid="search-error">
          {t.searchTroubles[trouble[0]](trouble[1])}
        </p>
      )}
      {error !== null && (
        <p className={controls.error} role="alert" data-testid="search-error">
          {explain(error, t, t.searchErrors)}
        </p>
      )}
      {found && found.hits.length === 0 && !busy && !found.next && (
        <div className={styles.nothing} data-testid="search-nothing">
          <strong>{t.foundNothing}</strong>
          <p>{t.foundNothingLead}</p>
        </div>
      )}
      {found && found.hits.length > 0 && (
        <ul
          ref={list}
          className={styles.hits}
          data-testid="search-hits"
          aria-busy={busy}
          onKeyDown={(event) => moveFocus(event, "button")}
        >
          {found.hits.map((hit, index) => (
            <li key={`${hit.room} ${hit.position}`}>
              <HitRow hit={hit} across={scope === null} onShow={() => show(index)} />
            </li>
          ))}
        </ul>
      )}
      {found?.next && (
        <button
          type="button"
          className={`${controls.button} ${controls.soft}`}
          disabled={busy}
          data-testid="search-more"
          onClick={() => void ask(found)}
        >
          {busy ? t.searching : t.more}
        </button>
      )}
      {found && notes.behind && <p className={controls.hint}>{t.foundBehind}</p>}
      {found && notes.roomsLeft > 0 && <p className={controls.hint}>{t.foundRoomsLeft}</p>}
    </Dialog>
  );
}

/** How many were found, in words. */
export function countOf({ hits, next }: Results, t: ReturnType<typeof useI18n>["t"]): string {
  if (hits.length === 0 && !next) return t.foundNothing;
  return t.found(hits.length, next !== null);
}

/** A message that was found. */
function HitRow(props: { hit: Hit; across: boolean; onShow(): void }) {
  const { t, short } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const { hit, across, onShow } = props;
  const room = useRoomView(hit.room);
  const self = useSelf();
  const name = hit.sender === self ? t.you : people.name(hit.sender);
  return (
    <button type="button" className={styles.hit} data-testid="search-hit" onClick={onShow}>
      <Avatar name={people.name(hit.sender)} seed={hit.sender ?? ""} size="s" />
      <span className={styles.who} dir="auto">
        <strong>{name}</strong>
        {across && room && <span> · {roomTitle(room.summary, people)}</span>}
      </span>
      <time dateTime={new Date(hit.time).toISOString()}>{short(hit.time, client.now())}</time>
      <span className={styles.excerpt} dir="auto">
        {hit.excerpt.map((part, index) =>
          part.matched ? <mark key={index}>{part.text}</mark> : part.text,
        )}
      </span>
    </button>
  );
}
