/** How this person appears to others: there or away, in what words, and whether they tell what they read. */

import {
  type Availability,
  type Command,
  PAGE_MEMBERS,
  type Reply,
  type Welcome,
} from "../protocol.ts";
import { Cell } from "../store/readable.ts";
import type { Store } from "../store/store.ts";
import type { OwnView } from "../store/views.ts";

/** What the person chose, and whether they look at the page. */
export class Own {
  readonly view = new Cell<OwnView>({ away: false, status: null, privateReceipts: false });
  readonly #store: Store;
  readonly #request: (command: Command) => Promise<Reply>;
  #active = true;

  constructor(store: Store, request: (command: Command) => Promise<Reply>) {
    this.#store = store;
    this.#request = request;
    // The words may come with any room that this person is seen in.
    store.people.subscribe(() => this.#learn());
  }

  /** Whether the person looks at the page. */
  get active(): boolean {
    return this.#active;
  }

  /** The person looks, or does not; true when that is new. */
  setActive(active: boolean): boolean {
    const changed = active !== this.#active;
    this.#active = active;
    return changed;
  }

  /** A new session begins as online: it is told what differs. */
  welcomed(welcome: Welcome): void {
    const { privateReceipts } = welcome;
    this.view.update((view) => ({ ...view, privateReceipts }));
    const { self, people } = this.#store;
    const known = self !== undefined && people.getSnapshot().presence.has(self);
    this.#seen();
    if (!known) this.#load(welcome).catch(ignore);
    if (this.#availability() !== "online") this.tell().catch(ignore);
  }

  /** Says whether the person is there. */
  async tell(status: string | null = null): Promise<void> {
    await this.#request({
      type: "set_presence",
      value: { availability: this.#availability(), status },
    });
    this.#seen();
  }

  /** Away although the person looks, until they take it back. */
  setAway(away: boolean): Promise<void> {
    return this.#choose("away", away, () => this.tell());
  }

  /** The person's own words; none takes them back. */
  async setStatus(status: string): Promise<void> {
    await this.tell(status);
    this.view.update((view) => ({ ...view, status: status || null }));
    this.#seen();
  }

  /** Whether others are not told what this person has read. */
  setPrivateReceipts(privateReceipts: boolean): Promise<void> {
    return this.#choose("privateReceipts", privateReceipts, () =>
      this.#request({ type: "set_preferences", value: { privateReceipts } }),
    );
  }

  /** Shows a choice at once, and takes it back if the server refuses it. */
  async #choose(
    key: "away" | "privateReceipts",
    value: boolean,
    tell: () => Promise<unknown>,
  ): Promise<void> {
    const before = this.view.getSnapshot()[key];
    this.view.update((view) => ({ ...view, [key]: value }));
    try {
      await tell();
    } catch (error) {
      this.view.update((view) => ({ ...view, [key]: before }));
      throw error;
    }
  }

  /** The words of another day: a list of members has them. Who is in no room is seen by nobody. */
  async #load({ rooms, limits, profile }: Welcome): Promise<void> {
    const small = rooms.find(
      (each) => each.class !== "public" && each.members <= limits.smallRoomMembers,
    );
    if (!small) return;
    const value = { room: small.room, after: null, limit: PAGE_MEMBERS };
    const reply = await this.#request({ type: "members", value });
    if (reply.type !== "members") return;
    const self = reply.value.members.find((member) => member.profile.user === profile.user);
    if (self?.presence) this.#store.presence([self.presence]);
    this.#seen();
  }

  #availability(): Availability {
    return this.#active && !this.view.getSnapshot().away ? "online" : "away";
  }

  #learn(): void {
    const { self, people } = this.#store;
    const presence = self === undefined ? undefined : people.getSnapshot().presence.get(self);
    if (!presence) return;
    this.view.update((view) =>
      view.status === presence.status ? view : { ...view, status: presence.status },
    );
  }

  /** The server tells everybody else; what this page shows of the person has to follow by itself. */
  #seen(): void {
    const { self, people } = this.#store;
    if (self === undefined) return;
    const version = people.getSnapshot().presence.get(self)?.version ?? 0;
    const { status } = this.view.getSnapshot();
    const availability = this.#availability();
    this.#store.presence([{ user: self, version, availability, lastSeen: null, status }]);
  }
}

function ignore(): void {}
