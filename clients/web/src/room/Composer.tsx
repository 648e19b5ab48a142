import { type Mentions, type RoomView, threadOf, type UserId } from "@caffis/chat";
import { useChat, useLimits, useSelf, useTyping } from "@caffis/chat-react";
import {
  type FormEvent,
  type KeyboardEvent,
  type Ref,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import { roomTitle, usePeople } from "../app/chat.tsx";
import { laterView } from "../app/later.tsx";
import { REGION } from "../app/regions.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import { AttachMenu, type Kind } from "../cards/AttachMenu.tsx";
import { Icon } from "../common/Icon.tsx";
import { useKept } from "../common/useKept.ts";
import { useEmoji } from "../emoji/useEmoji.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { SendButton } from "../scheduled/SendButton.tsx";
import { lastToEdit } from "./actions.ts";
import { asSent } from "./asSent.ts";
import { CompletionList } from "./CompletionList.tsx";
import styles from "./Composer.module.css";
import { type Quote, quoteOf } from "./quotes.ts";
import { type Bubble, type Item, timeline } from "./timeline.ts";
import { useCompletion } from "./useCompletion.ts";
import { useDraft } from "./useDraft.ts";
import { useMention } from "./useMention.tsx";
import { useWait } from "./useWait.ts";

const ComposerBar = laterView((views) => views.ComposerBar);
const AttachDialog = laterView((views) => views.AttachDialog);
const ScheduleDialog = laterView((views) => views.ScheduleDialog);

/** How close to the limit the count of characters begins to show. */
const NEAR = 200;

const NO_STARS: ReadonlyMap<number, number> = new Map();

/** A message whose words are being changed. */
interface Editing {
  readonly position: number;
  readonly before: string;
  readonly text: string;
  readonly mentions: Mentions | null;
}

/** What the room may ask of its composer. */
export interface ComposerHandle {
  /** Puts a text before what is written, to be edited and sent again. */
  edit(text: string): void;
  /** Changes the words of a message that was sent. */
  change(bubble: Bubble): void;
  /** Answers a message. */
  reply(bubble: Bubble): void;
}

/** Writes messages: in a room, or replies in a thread of it. Enter sends, Shift+Enter makes a new line. */
export function Composer(props: {
  room: RoomView;
  /** The position of the root in whose thread the person writes; null outside of threads. */
  thread?: number | null;
  ref: Ref<ComposerHandle>;
}) {
  const { room, thread = null, ref } = props;
  const { t } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const limits = useLimits();
  const field = useRef<HTMLTextAreaElement>(null);
  const self = useSelf();
  const { setTyping } = useTyping(room.id);
  const [draft, setDraft] = useDraft(self, room.id, thread);
  const [inRoom, setInRoom] = useState(false);
  const place = JSON.stringify([self, room.id, thread]);
  const [editing, setEditing] = useKept<Editing | null>(`editing ${place}`, null);
  const [replying, setReplying] = useKept<number | null>(`replying ${place}`, null);
  const action = useAction();
  const answered = useAnswered(room, replying);
  // What is deleted meanwhile cannot be answered any more.
  const deleted = answered?.state === "deleted";
  const giveUp = useRef(setReplying);
  giveUp.current = setReplying;
  useEffect(() => {
    if (deleted) giveUp.current(null);
  }, [deleted]);
  // A message that is not loaded yet is neither shown as answered nor answered.
  const target = answered?.state === "there" ? replying : null;
  const reply = thread === null ? null : { root: thread, inRoom };
  const text = editing?.text ?? draft;
  const setText = (value: string) => {
    if (editing) setEditing({ ...editing, text: value });
    else setDraft(value);
  };
  const mention = useMention({ room, people, self });
  const kinds = [mention.completed, useEmoji(text)];
  const completion = useCompletion({ kinds, text, field, setText });
  const { list } = completion;
  const [full, setFull] = useState(false);
  const limit = room.summary.class === "public" ? limits?.publicTextChars : limits?.textChars;
  const left = remaining(text, limit);
  const wait = useWait(room);
  const waits = wait > 0 && !editing;
  const sendable = asSent(text) !== "" && left >= 0 && !waits;
  const [attaching, setAttaching] = useState<Kind | null>(null);
  const [scheduling, setScheduling] = useState<string | null>(null);
  // In a public room nobody is a member: who writes is there.
  const schedulable =
    thread === null &&
    !editing &&
    asSent(text) !== "" &&
    left >= 0 &&
    room.summary.class !== "public";

  useEffect(() => {
    const area = field.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);

  useEffect(() => {
    // On a phone the focus would open the keyboard.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);

  useImperativeHandle(ref, () => ({
    edit(returned) {
      const area = field.current;
      if (!area) return;
      setEditing(null);
      setDraft(draft.trim() ? `${returned}\n${draft}` : returned);
      area.focus();
    },
    change: begin,
    reply({ position }) {
      setEditing(null);
      setReplying(position);
      field.current?.focus();
    },
  }));

  const begin = ({ position, text: before, mentions }: Bubble) => {
    if (position === null || before === null) return;
    setEditing({ position, before, text: before, mentions });
    field.current?.focus();
  };
  const cancel = () => {
    setEditing(null);
    field.current?.focus();
  };
  const save = async ({ position, before, mentions }: Editing, written: string) => {
    if (written === before) return cancel();
    const now = mention.mentions(written, mentions, before);
    if (await action.run(() => client.messages.edit(room.id, position, written, now))) cancel();
  };
  const editLast = () => {
    const items = writtenHere(room, thread, self);
    const last = lastToEdit(items, { room, limits, now: client.now(), starred: NO_STARS });
    if (last) begin(last);
    return last !== null;
  };

  const change = (value: string) => {
    setText(value);
    if (!editing) setTyping(value.trim() !== "");
  };
  const send = () => {
    // Read the field itself: a quick Enter may come before the next render.
    const written = asSent(field.current?.value ?? "");
    if (written === "" || remaining(written, limit) < 0) return;
    if (editing) {
      if (!action.busy) void save(editing, written);
      return;
    }
    if (waits) return;
    try {
      client.send(room.id, written, target, mention.mentions(written), reply);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      setFull(true);
      return;
    }
    setFull(false);
    setInRoom(false);
    setReplying(null);
    setText("");
    field.current?.focus();
  };
  const schedule = async (written: string, due: number) => {
    const mentions = mention.mentions(written);
    await client.scheduled.schedule(room.id, { text: written, due, message: target, mentions });
    setReplying(null);
    setDraft("");
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const key = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a word. Safari says so by the key code only.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (completion.onKey(event)) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && editing) {
      event.preventDefault();
      cancel();
    } else if (event.key === "Escape" && replying !== null) {
      event.preventDefault();
      setReplying(null);
    } else if (event.key === "ArrowUp" && !editing && text === "" && editLast()) {
      event.preventDefault();
    }
  };

  return (
    <>
      <form onSubmit={submit} {...REGION}>
        {editing && (
          <ComposerBar kind="edit" title={t.editing} text={editing.before} onClose={cancel} />
        )}
        {!editing && answered && target !== null && (
          <ComposerBar
            kind="reply"
            title={
              answered.sender === self ? t.replyToYourself : t.replyTo(people.name(answered.sender))
            }
            text={answered.text ?? t.unknownMessage}
            onClose={() => {
              setReplying(null);
              field.current?.focus();
            }}
          />
        )}
        {editing && <Problem action={action} />}
        {list && <CompletionList {...list} />}
        <div className={styles.composer}>
          {!editing && <AttachMenu onChoose={setAttaching} />}
          <textarea
            ref={field}
            rows={1}
            value={text}
            dir="auto"
            placeholder={thread === null ? t.message : t.replyInThread}
            aria-label={`${thread === null ? t.message : t.replyInThread}: ${roomTitle(room.summary, people)}`}
            aria-invalid={left < 0}
            enterKeyHint="send"
            aria-autocomplete="list"
            aria-controls={list?.id}
            aria-activedescendant={list ? `${list.id}-${list.active}` : undefined}
            data-testid={thread === null ? "composer" : "thread-composer"}
            onSelect={completion.onCaret}
            onChange={(event) => {
              change(event.target.value);
              completion.onCaret();
            }}
            onKeyDown={key}
          />
          {full && (
            <span className={styles.full} role="alert">
              {t.tooManyWaiting}
            </span>
          )}
          {waits && (
            <output className={styles.wait} data-testid="wait" aria-label={t.slowModeWait(wait)}>
              <Icon name="clock" size={14} />
              {wait}
            </output>
          )}
          {left < NEAR && (
            <output className={styles.left} data-over={left < 0}>
              {left < 0 ? t.charactersOver(-left) : left}
            </output>
          )}
          <SendButton
            editing={editing !== null}
            disabled={!sendable || action.busy}
            onSchedule={schedulable ? () => setScheduling(asSent(text)) : null}
          />
        </div>
        {thread !== null && !editing && (
          <label className={styles.inRoom}>
            <input
              type="checkbox"
              checked={inRoom}
              data-testid="in-room"
              onChange={(event) => setInRoom(event.target.checked)}
            />
            {t.alsoInRoom}
          </label>
        )}
      </form>
      {attaching !== null && (
        <AttachDialog
          room={room.id}
          thread={reply}
          kind={attaching}
          onClose={() => setAttaching(null)}
        />
      )}
      {scheduling !== null && (
        <ScheduleDialog text={scheduling} onSubmit={schedule} onClose={() => setScheduling(null)} />
      )}
    </>
  );
}

/** The messages of the room, or of a thread of it, as the person sees them there. */
function writtenHere(room: RoomView, thread: number | null, self: UserId | null): readonly Item[] {
  const { entries, pending } = room;
  if (thread === null) return timeline({ entries, pending, self, dividerAfter: null });
  const replies = entries.filter(
    ({ kind }) => kind.type === "message" && threadOf(kind.value.extras)?.root === thread,
  );
  return timeline({ entries: replies, pending: [], self, dividerAfter: null, inThread: true });
}

/** The message that is answered, as it is now; it stays what it was when it is not here any more. */
function useAnswered({ entries, quotes }: RoomView, position: number | null): Quote | null {
  const known = useRef<Quote | null>(null);
  if (position === null) return null;
  const extras = [{ type: "reply", value: { message: position } } as const];
  const found = quoteOf({ extras }, { entries, quotes });
  const there = found?.state === "there" || found?.state === "deleted";
  if (there || known.current?.position !== position) known.current = found;
  return known.current;
}

/** Characters that are left below the limit; negative above it. */
function remaining(text: string, limit: number | undefined): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : limit - [...asSent(text)].length;
}
