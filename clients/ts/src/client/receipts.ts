/** Sends how far this person has read and received: one command at a time, only the newest of each room. */

import type { Command, Reply, RoomId } from "../protocol.ts";

type Kind = "mark_read" | "mark_delivered";

/** Sends read and delivered marks. */
export class Receipts {
  readonly #request: (command: Command) => Promise<Reply>;
  readonly #waiting = new Map<string, { kind: Kind; room: RoomId; number: number }>();
  readonly #sent = new Map<string, number>();
  #running = false;

  constructor(request: (command: Command) => Promise<Reply>) {
    this.#request = request;
  }

  /** Forgets what was sent: a new session may be with a server that knows less. */
  clear(): void {
    this.#sent.clear();
  }

  /** Receipts up to a message's number, unless that was marked already. */
  mark(kind: Kind, room: RoomId, number: number): void {
    const key = `${kind} ${room}`;
    const before = Math.max(this.#sent.get(key) ?? 0, this.#waiting.get(key)?.number ?? 0);
    if (number <= before) return;
    this.#waiting.set(key, { kind, room, number });
    void this.#run();
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
    }
    this.#running = false;
    if (this.#waiting.size > 0) void this.#run();
  }
}
