/** The profiles and the presence of people. */

import type { Presence, Profile } from "../protocol.ts";
import { Cell } from "./readable.ts";
import type { PeopleView } from "./views.ts";

/** The known people. */
export class People {
  readonly view = new Cell<PeopleView>({ profiles: new Map(), presence: new Map() });

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
    const newer = presences.filter((each) => each.version >= (known.get(each.user)?.version ?? 0));
    if (newer.length === 0) return;
    const all = new Map(known);
    for (const presence of newer) all.set(presence.user, presence);
    this.view.update((people) => ({ ...people, presence: all }));
  }
}
