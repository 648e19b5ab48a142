/** What a poll shows. Pure. */

import type { PollBody, RoomSummary, Tally } from "@caffis/chat";

/** One thing that can be chosen, as it is shown. */
export interface Option {
  readonly text: string;
  readonly count: number;
  /** Of those who voted, from 0 to 100. */
  readonly percent: number;
}

/** The options of a poll with what people chose. */
export function optionsOf({ options }: PollBody, tally: Tally | null): readonly Option[] {
  const voters = tally?.voters ?? 0;
  return options.map((text, at) => {
    const count = tally?.counts[at] ?? 0;
    return { text, count, percent: voters === 0 ? 0 : Math.round((100 * count) / voters) };
  });
}

/** Whether nobody can vote any more. */
export function isPollClosed({ closes }: PollBody, tally: Tally | null, now: number): boolean {
  return (tally?.closed ?? null) !== null || (closes !== null && closes <= now);
}

/** What somebody chooses who has chosen `own` and takes or leaves an option. */
export function choicesAfter(
  { multiple }: PollBody,
  own: readonly number[],
  option: number,
): readonly number[] {
  if (own.includes(option)) return own.filter((each) => each !== option);
  return multiple ? [...own, option].sort((one, other) => one - other) : [option];
}

/** The most members of a room in which each tally makes everybody who sees the poll ask for their own choice. */
const SMALL_ROOM = 100;

/** Whether to ask for one's own choice with each tally. In a large room a single vote would have thousands ask. */
export function asksAgain(room: Pick<RoomSummary, "class" | "members">): boolean {
  // In a public room nobody is a member, however many are there.
  return room.class !== "public" && room.members <= SMALL_ROOM;
}

/** The options that somebody has written: without empty ones. Null unless there are enough, and no two are the same. */
export function writtenOptions(written: readonly string[]): readonly string[] | null {
  const options = filled(written);
  return options.length >= 2 && !hasTwins(options) ? options : null;
}

/** Whether two of the options that somebody has written are the same. */
export function hasTwins(written: readonly string[]): boolean {
  const options = filled(written);
  return new Set(options).size < options.length;
}

function filled(written: readonly string[]): readonly string[] {
  return written.map((option) => option.trim()).filter((option) => option !== "");
}
