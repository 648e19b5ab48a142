import type { PollBody, RoomId, Tally } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useEffect, useState } from "react";
import { laterView } from "../app/later.tsx";
import { Problem, useAction } from "../app/useAction.tsx";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { FoundText } from "../search/FoundText.tsx";
import styles from "./Cards.module.css";
import { choicesAfter, isPollClosed, optionsOf } from "./polls.ts";
import { useOwnChoice } from "./useOwnChoice.ts";

const Voters = laterView((views) => views.Voters);

/** The longest time that a timer of the browser takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A poll: what people chose, what this person chose, and how to choose. */
export function PollCard(props: {
  room: RoomId;
  /** Null until the server has the message. */
  position: number | null;
  poll: PollBody;
  tally: Tally | null;
  /** Whether this person may vote here. */
  mayVote: boolean;
  /** Whether this person may close it. */
  mayClose: boolean;
}) {
  const { room, position, poll, tally } = props;
  const { t, when } = useI18n();
  const client = useChat();
  const action = useAction();
  const own = useOwnChoice(room, position, tally);
  const [asking, setAsking] = useState(false);
  const closed = useClosed(poll, tally);
  const voters = tally?.voters ?? 0;
  const choose = (option: number) => {
    if (position === null || own.choices === null) return;
    const before = own.choices;
    const after = choicesAfter(poll, before, option);
    void action.run(async () => {
      own.set(after);
      try {
        await client.polls.vote(room, position, after);
      } catch (error) {
        own.set(before);
        throw error;
      }
    });
  };
  const ready = props.mayVote && !closed && position !== null && own.choices !== null;
  return (
    <div className={styles.card} data-testid="poll" data-closed={closed}>
      <span className={styles.question} dir="auto">
        <FoundText text={poll.question} />
      </span>
      <span className={styles.kind}>
        {poll.anonymous ? t.pollAnonymous : t.pollNamed}
        {" · "}
        {poll.multiple ? t.pollSeveral : t.pollOne}
      </span>
      <fieldset className={styles.options} aria-label={poll.question}>
        {optionsOf(poll, tally).map(({ text, count, percent }, at) => {
          const chosen = own.choices?.includes(at) ?? false;
          return (
            <button
              key={text}
              type="button"
              className={styles.option}
              aria-pressed={chosen}
              disabled={!ready || action.busy}
              data-testid="poll-option"
              onClick={() => choose(at)}
            >
              <span className={styles.bar} style={{ width: `${percent}%` }} aria-hidden="true" />
              <span className={styles.chosen}>{chosen && <Icon name="check" size={16} />}</span>
              <span className={styles.answer} dir="auto">
                {text}
              </span>
              <span className={styles.count}>
                {t.pollVotes(count)} ({percent}%)
              </span>
            </button>
          );
        })}
      </fieldset>
      <span className={styles.foot} data-testid="poll-foot">
        {t.pollVoters(voters)}
        {" · "}
        {closed
          ? t.pollClosed
          : poll.closes === null
            ? t.pollOpen
            : t.pollCloses(when(poll.closes, null))}
      </span>
      <span className={styles.line}>
        {!poll.anonymous && voters > 0 && (
          <button
            type="button"
            className={styles.link}
            data-testid="poll-voters"
            onClick={() => setAsking(true)}
          >
            {t.pollWho}
          </button>
        )}
        {props.mayClose && !closed && position !== null && (
          <button
            type="button"
            className={styles.link}
            disabled={action.busy}
            data-testid="poll-close"
            onClick={() => void action.run(() => client.polls.close(room, position))}
          >
            {t.pollClose}
          </button>
        )}
      </span>
      <Problem action={action} />
      {asking && position !== null && (
        <Voters room={room} position={position} poll={poll} onClose={() => setAsking(false)} />
      )}
    </div>
  );
}

/** Whether a poll is closed, also when its time is over while somebody looks. */
function useClosed(poll: PollBody, tally: Tally | null): boolean {
  const client = useChat();
  const [, setLooked] = useState(0);
  const now = client.now();
  const closed = isPollClosed(poll, tally, now);
  const left = closed || poll.closes === null ? null : poll.closes - now;
  useEffect(() => {
    if (left === null) return;
    const again = () => setLooked((times) => times + 1);
    const timer = setTimeout(again, Math.min(left, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  }, [left]);
  return closed;
}
