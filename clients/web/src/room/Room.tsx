import type { RoomId } from "@caffis/chat";
import { useMembers, useRoom } from "@caffis/chat-react";
import { useCallback, useEffect, useRef } from "react";
import { explain } from "../app/chat.tsx";
import { laterView } from "../app/later.tsx";
import { closeDialog, goTo, useRoute } from "../app/route.ts";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { OfflineBanner, UnreadableBanner } from "../connection/ConnectionStatus.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { ScheduledBar } from "../scheduled/ScheduledBar.tsx";
import { setResults, useShownHit } from "../search/results.ts";
import { About } from "./About.tsx";
import { BarredComposer } from "./BarredComposer.tsx";
import { Composer, type ComposerHandle } from "./Composer.tsx";
import { Header } from "./Header.tsx";
import styles from "./Room.module.css";
import { Timeline } from "./Timeline.tsx";
import { TypingLine } from "./TypingLine.tsx";
import type { Bubble } from "./timeline.ts";
import { barredFrom } from "./writing.ts";

const HitBar = laterView((views) => views.HitBar);
const ScheduledList = laterView((views) => views.ScheduledList);
const Search = laterView((views) => views.Search);

/** One conversation. Its feed runs for as long as it is shown. */
export function Room(props: { id: RoomId; details: boolean; onDetails(): void }) {
  const { t } = useI18n();
  const { id, details, onDetails } = props;
  const { dialog } = useRoute();
  const { room, error, gone, retry } = useRoom(id);
  const hit = useShownHit(id);
  const composer = useRef<ComposerHandle>(null);
  const edit = useCallback((text: string) => composer.current?.edit(text), []);
  const change = useCallback((bubble: Bubble) => composer.current?.change(bubble), []);
  const reply = useCallback((bubble: Bubble) => composer.current?.reply(bubble), []);

  // When the person is no longer a member, show the list.
  useEffect(() => {
    if (gone) goTo(null);
  }, [gone]);

  // Who is in a public room is read for those who look at its details.
  useMembers(id, room?.summary.class !== "public" || details);

  const readable = room?.summary.readable ?? true;
  const barred = room && barredFrom(room);
  return (
    <>
      {room && <Header room={room} details={details} onDetails={onDetails} />}
      {room?.card && <About card={room.card} />}
      {hit && <HitBar room={id} onClose={() => setResults(null)} />}
      <OfflineBanner />
      {room?.held && !readable && <UnreadableBanner />}
      {room?.held && error !== null && (
        <p className={`${controls.error} ${styles.problem}`} role="alert">
          {explain(error, t)}
        </p>
      )}
      {room?.held ? (
        <Timeline room={room} onEdit={edit} onChange={change} onReply={reply} />
      ) : error === null && readable ? (
        <div className={styles.loading}>
          <span role="status">{t.loading}</span>
        </div>
      ) : (
        <Unavailable error={error} readable={readable} onRetry={retry} />
      )}
      {dialog === "search-room" && <Search room={id} onClose={closeDialog} />}
      {dialog === "scheduled-room" && <ScheduledList room={id} onClose={closeDialog} />}
      {room && <TypingLine room={id} />}
      {room && <ScheduledBar room={id} />}
      {room &&
        error === null &&
        (room.held || readable) &&
        (barred === null ? (
          <Composer ref={composer} room={room} />
        ) : (
          <BarredComposer why={barred} />
        ))}
    </>
  );
}

/** Says that a room could not be opened, and offers to try again. */
function Unavailable(props: { error: unknown; readable: boolean; onRetry(): void }) {
  const { t } = useI18n();
  const { error, readable, onRetry } = props;
  return (
    <div className={styles.empty} role="alert" data-testid="unavailable">
      <span className={styles.mark}>
        <Icon name="warn" size={30} />
      </span>
      <h2>{readable ? explain(error, t) : t.notReadable}</h2>
      {!readable && <p>{t.notReadableLead}</p>}
      <button type="button" className={controls.button} onClick={onRetry}>
        {t.tryAgain}
      </button>
    </div>
  );
}
