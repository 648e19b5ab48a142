/** What an entry says that changed what a room is called, what it is for, or what new members see. Pure. */

import type { InfoChange } from "@caffis/chat";
import { policyName } from "../details/info.ts";
import type { Dictionary } from "../i18n/en.ts";

/** One sentence for all that changed; `by` is the name of who did it, null for a service. */
export function infoSentence(
  { info, before }: InfoChange,
  by: string | null,
  t: Dictionary,
  list: (words: string[]) => string,
): string {
  const words = by === null ? t.infoNow : t.infoChanged;
  const changes: string[] = [];
  if (info.name !== before.name && info.name !== null) changes.push(words.name(info.name));
  if (info.description !== before.description) {
    const { added, changed, removed } = words.description;
    changes.push(info.description === null ? removed : before.description ? changed : added);
  }
  const { history } = info;
  if (policyName(history) !== policyName(before.history)) {
    changes.push(history.type === "last" ? words.last(history.value) : words.history[history.type]);
  }
  // A newer server may change what this build does not know.
  if (changes.length === 0) return t.contextNow(null);
  const all = list(changes);
  return by === null ? all.slice(0, 1).toUpperCase() + all.slice(1) : `${by} ${all}`;
}
