/** Sends how far this person has read and received: one command at a time, only the newest of each room. */

import type { Command, OwnRead, Reply, RoomId } from "../protocol.ts";

type Kind = "mark_read" | "mark_delivered";

/** Sends read and delivered marks. */
export class Receipts {
  readonly #request: (command: Command) => Promise<Reply>;
  readonly #waiting = new Map<string, { kind: Kind; room: RoomId; number: number }>();
  readonly #sent = new Map<string, number>();
  /** Read marks that wait or are not answered yet, and that no event has confirmed. */
  readonly #marking = new Map<RoomId, number>();
  #running = false;

  constructor(request: (command: Command) => Promise<Reply>) {
    this.#request = request;
  }

  /** Forgets what was sent: the server of a new session may know less. */
  clear(): void {
    this.#sent.clear();
  }

  /** The number up to which a read mark is on its way to the server; 0 for none. */
  marking(room: RoomId): number {
    return this.#marking.get(room) ?? 0;
  }

  /** Marks up to a message's number, unless that was marked already. */
  mark(kind: Kind, room: RoomId, number: number): void {
    const key = `${kind} ${room}`;
    const before = Math.max(this.#sent.get(key) ?? 0, this.#waiting.get(key)?.number ?? 0);
    if (number <= before) return;
    this.#waiting.set(key, { kind, room, number });
    if (kind === "mark_read") this.#marking.set(room, number);
    void this.#run();
  }

  /** The server said how far the person has read. An event that says less than a mark under way is older. */
  heard({ room, read }: OwnRead): void {
    if (read < this.marking(room)) return;
    this.#marking.delete(room);
    // Later messages can be marked again: the person may have marked them as unread.
    this.#sent.set(`mark_read ${room}`, read);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (const [key, { kind, room, number }] of this.#waiting) {
      this.#waiting.delete(key);
      this.#sent.set(key, number);
      try {
        await this.#request({ type: kind, value: { room, number } });
      } catch {
        // The room of a refused mark is gone; otherwise the next mark covers this one.
        this.#sent.delete(key);
      }
      if (kind === "mark_read" && this.marking(room) <= number) this.#marking.delete(room);
    }
    this.#running = false;
    if (this.#waiting.size > 0) void this.#run();
  }
}
