/** Asks for the profiles of people that are not known yet. */

import {
  type Command,
  type Entry,
  type Reply,
  USERS_PER_COMMAND,
  type UserId,
} from "../protocol.ts";
import type { Store } from "../store/store.ts";

/** The people that were asked for, once each in a session. */
export class ProfileLoader {
  readonly #store: Store;
  readonly #request: (command: Command) => Promise<Reply>;
  readonly #asked = new Set<UserId>();

  constructor(store: Store, request: (command: Command) => Promise<Reply>) {
    this.#store = store;
    this.#request = request;
  }

  /** Allows everyone to be asked for again, on a new session. */
  clear(): void {
    this.#asked.clear();
  }

  /** Learns who these people are. */
  of(users: readonly (UserId | null)[]): void {
    const { profiles } = this.#store.people.view.getSnapshot();
    const unknown = new Set<UserId>();
    for (const user of users) {
      if (user !== null && !profiles.has(user) && !this.#asked.has(user)) unknown.add(user);
    }
    const asked = [...unknown].slice(0, USERS_PER_COMMAND);
    if (asked.length === 0) return;
    for (const user of asked) this.#asked.add(user);
    this.#request({ type: "profiles", value: { users: asked } }).then(
      (reply) => {
        if (reply.type === "profiles") this.#store.people.profiles(reply.value.profiles);
      },
      // Their names stay unknown until the next session asks again.
      () => {},
    );
  }

  /** Loads the profiles of people named in entries. */
  ofEntries(entries: readonly Entry[]): void {
    this.of(entries.flatMap(({ kind }) => named(kind)));
  }
}

function named(kind: Entry["kind"]): readonly (UserId | null)[] {
  switch (kind.type) {
    case "message":
      return [kind.value.sender, ...kind.value.reactions.map(({ user }) => user)];
    case "joined":
      return [...kind.value.users, kind.value.by];
    case "left":
    case "role":
      return [kind.value.user, kind.value.by];
    case "reacted":
      return [kind.value.user];
    case "created":
    case "pinned":
    case "settings":
    case "info":
    case "invite_made":
    case "invite_revoked":
    case "deleted":
      return [kind.value.by];
    default:
      return [];
  }
}
