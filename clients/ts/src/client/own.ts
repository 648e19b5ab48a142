/** How this person appears to others: online or away, with what status, and whether they send read receipts. */

import type { Availability, Command, OwnState, Reply } from "../protocol.ts";
import { Cell } from "../store/readable.ts";
import type { Store } from "../store/store.ts";
import type { OwnView } from "../store/views.ts";

/** What the person chose here, and what all their devices agree on. */
export class Own {
  readonly view = new Cell<OwnView>({ away: false, status: null, privateReceipts: false });
  readonly #store: Store;
  readonly #request: (command: Command) => Promise<Reply>;
  #active = true;
  #told: OwnState | undefined;
  /** A choice that is shown although the server has not answered yet. */
  #chosen: boolean | undefined;

  constructor(store: Store, request: (command: Command) => Promise<Reply>) {
    this.#store = store;
    this.#request = request;
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
  welcomed(own: OwnState): void {
    // Another server may count versions differently.
    this.#told = undefined;
    this.heard(own);
    if (this.#availability() !== "online") this.tell().catch(ignore);
  }

  /** Something changed, on whatever device. */
  heard(own: OwnState): void {
    if (this.#told && own.presence.version < this.#told.presence.version) return;
    this.#told = own;
    this.#store.presence([own.presence]);
    this.#show();
  }

  /** Says whether the person is there. */
  async tell(status: string | null = null): Promise<void> {
    await this.#request({
      type: "set_presence",
      value: { availability: this.#availability(), status },
    });
  }

  /** Away on this device although the person looks, until they take it back. */
  async setAway(away: boolean): Promise<void> {
    const before = this.view.getSnapshot().away;
    this.view.update((view) => ({ ...view, away }));
    try {
      await this.tell();
    } catch (error) {
      this.view.update((view) => ({ ...view, away: before }));
      throw error;
    }
  }

  /** The person's own words; none takes them back. */
  async setStatus(status: string): Promise<void> {
    const before = this.#told;
    await this.tell(status);
    this.#done(before, (told) => ({
      ...told,
      presence: { ...told.presence, status: status || null },
    }));
  }

  /** Whether others are not told what this person has read: shown at once, taken back if refused. */
  async setPrivateReceipts(privateReceipts: boolean): Promise<void> {
    const before = this.#told;
    this.#chosen = privateReceipts;
    this.#show();
    try {
      await this.#request({ type: "set_preferences", value: { privateReceipts } });
      this.#done(before, (told) => ({ ...told, privateReceipts }));
    } finally {
      this.#chosen = undefined;
      this.#show();
    }
  }

  /** The answer is here sooner than the event, unless one came meanwhile, which may be newer. */
  #done(before: OwnState | undefined, change: (told: OwnState) => OwnState): void {
    if (!this.#told || this.#told !== before) return;
    this.#told = change(this.#told);
    this.#store.presence([this.#told.presence]);
    this.#show();
  }

  #availability(): Availability {
    return this.#active && !this.view.getSnapshot().away ? "online" : "away";
  }

  #show(): void {
    const status = this.#told?.presence.status ?? null;
    const privateReceipts = this.#chosen ?? this.#told?.privateReceipts ?? false;
    this.view.update((view) =>
      view.status === status && view.privateReceipts === privateReceipts
        ? view
        : { ...view, status, privateReceipts },
    );
  }
}

function ignore(): void {}
