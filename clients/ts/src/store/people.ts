/** The profiles and the presence of people. */

import type { Presence, Profile } from "../protocol.ts";
import { Cell } from "./readable.ts";
import type { PeopleView } from "./views.ts";

/** The known people. */
export class People {
  readonly view = new Cell<PeopleView>({ profiles: new Map(), presence: new Map() });
  /** The versions of presence that came in this session. */
  readonly #versions = new Map<string, number>();

  /** A session begins: its server counts versions anew. */
  welcomed(): void {
    this.#versions.clear();
  }

  /** Takes profiles. */
  profiles(profiles: readonly Profile[]): void {
    if (profiles.length === 0) return;
    this.view.update((people) => {
      const all = new Map(people.profiles);
      for (const profile of profiles) all.set(profile.user, profile);
      return { ...people, profiles: all };
    });
  }

  /** Takes presence: of two, the one with the larger version counts. */
  presence(presences: readonly Presence[]): void {
    const known = this.view.getSnapshot().presence;
    const newer = presences.filter((each) => each.version >= (this.#versions.get(each.user) ?? 0));
    if (newer.length === 0) return;
    for (const { user, version } of newer) this.#versions.set(user, version);
    const all = new Map(known);
    for (const presence of newer) all.set(presence.user, presence);
    this.view.update((people) => ({ ...people, presence: all }));
  }
}
