/** How this person appears to others: online or away, with what status, and whether they send read receipts. */

import type { Availability, Command, OwnState, Reply } from "../protocol.ts";
import { Cell } from "../store/readable.ts";
import type { Store } from "../store/store.ts";
import type { OwnView } from "../store/views.ts";

/** The state that all devices of the person share, and what was chosen on this one. */
export class OwnPresence {
  readonly view = new Cell<OwnView>({ away: false, status: null, privateReceipts: false });
  readonly #store: Store;
  readonly #request: (command: Command) => Promise<Reply>;
  #active = true;
  #told: OwnState | undefined;
  /** A choice that is shown before the server has confirmed it. */
  #chosen: boolean | undefined;

  constructor(store: Store, request: (command: Command) => Promise<Reply>) {
    this.#store = store;
    this.#request = request;
  }

  /** Whether the person looks at the page. */
  get active(): boolean {
    return this.#active;
  }

  /** Notes whether the person looks at the page; true when that changed. */
  setActive(active: boolean): boolean {
    const changed = active !== this.#active;
    this.#active = active;
    return changed;
  }

  /** A new session begins as online: tell the server if that is wrong. */
  welcomed(own: OwnState): void {
    // Another server may count versions differently.
    this.#told = undefined;
    this.heard(own);
    if (this.#availability() !== "online") this.tell().catch(ignore);
  }

  /** The shared state changed on some device. */
  heard(own: OwnState): void {
    if (this.#told && own.presence.version < this.#told.presence.version) return;
    this.#told = own;
    this.#store.people.presence([own.presence]);
    this.#show();
  }

  /** Tells the server whether the person is online. */
  async tell(status: string | null = null): Promise<void> {
    await this.#request({
      type: "set_presence",
      value: { availability: this.#availability(), status },
    });
  }

  /** Sets the person away on this device although they look at it, until they change it back. */
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

  /** Sets the status text; an empty one removes it. */
  async setStatus(status: string): Promise<void> {
    const before = this.#told;
    await this.tell(status);
    this.#done(before, (told) => ({
      ...told,
      presence: { ...told.presence, status: status || null },
    }));
  }

  /** Turns private receipts on or off: shown at once, undone if refused. */
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

  /** Applies a confirmed change, unless an event has arrived since, which may be newer. */
  #done(before: OwnState | undefined, change: (told: OwnState) => OwnState): void {
    if (!this.#told || this.#told !== before) return;
    this.#told = change(this.#told);
    this.#store.people.presence([this.#told.presence]);
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
