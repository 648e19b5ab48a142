/** What a room is called, what it is for, and what new members see, while somebody changes it. Pure. */

import {
  DESCRIPTION_BYTES,
  type HistoryPolicy,
  NAME_BYTES,
  type RoomDescription,
  type RoomSummary,
} from "@caffis/chat";
import { asSent } from "../room/asSent.ts";

/** How many messages new members see at most, where only the last ones are offered. */
const LAST_MESSAGES = 50;

/** What is offered. */
const OFFERED: readonly HistoryPolicy[] = [
  { type: "all" },
  { type: "from_joining" },
  { type: "last", value: LAST_MESSAGES },
];

/** A policy as a form has it: `all`, `from_joining` or `last 50`. */
export function policyName(history: HistoryPolicy): string {
  return history.type === "last" ? `last ${history.value}` : history.type;
}

/** What is offered where this is set: somebody may have set another number over the API. */
export function offeredWith(history: HistoryPolicy): readonly HistoryPolicy[] {
  const known = OFFERED.some((each) => policyName(each) === policyName(history));
  return known ? OFFERED : [...OFFERED, history];
}

/** What a person has written and not saved; null is what the room has. */
export interface Written {
  readonly name: string | null;
  readonly description: string | null;
  readonly history: HistoryPolicy | null;
}

export const NOTHING_WRITTEN: Written = { name: null, description: null, history: null };

/** What is written, where the room has what it has. */
export function shownOf(written: Written, { name, description, history }: RoomSummary) {
  return {
    name: written.name ?? name ?? "",
    description: written.description ?? description ?? "",
    history: written.history ?? history,
  };
}

/** What is written after a change. What the room has anyway is not kept, so that it follows the room. */
export function writtenAfter(
  written: Written,
  change: Partial<Written>,
  summary: RoomSummary,
): Written {
  const said = shownOf(NOTHING_WRITTEN, summary);
  const after = shownOf({ ...written, ...change }, summary);
  const name = after.name === said.name ? null : after.name;
  const description = after.description === said.description ? null : after.description;
  const history = policyName(after.history) === policyName(said.history) ? null : after.history;
  return name === null && description === null && history === null
    ? NOTHING_WRITTEN
    : { name, description, history };
}

/** Whether a name and a description are short enough, as the server counts. */
export function fits({ name, description }: Pick<RoomDescription, "name" | "description">) {
  return {
    name: isShort(name ?? "", NAME_BYTES),
    description: isShort(description ?? "", DESCRIPTION_BYTES),
  };
}

/** What is to change in a room; null if nothing is, or if it cannot be saved like this. */
export function changeOf(written: Written, summary: RoomSummary): RoomDescription | null {
  const said = shownOf(NOTHING_WRITTEN, summary);
  const name = written.name === null ? said.name : oneLine(written.name);
  const description = written.description === null ? said.description : asSent(written.description);
  const change: RoomDescription = {
    ...(name !== said.name && { name }),
    ...(description !== said.description && { description }),
    ...(written.history && policyName(written.history) !== policyName(said.history)
      ? { history: written.history }
      : {}),
  };
  if (Object.keys(change).length === 0 || change.name === "") return null;
  const short = fits(change);
  return short.name && short.description ? change : null;
}

function oneLine(text: string): string {
  return asSent(text).replace(/\s+/g, " ");
}

function isShort(text: string, most: number): boolean {
  return new TextEncoder().encode(text.trim()).length <= most;
}
