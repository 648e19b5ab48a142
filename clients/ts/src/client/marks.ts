/** Sends how far this person has read and received: one command at a time, of each room the newest. */

import type { Command, Reply, RoomId } from "../protocol.ts";

type Kind = "mark_read" | "mark_delivered";

/** The marks that wait to be sent. */
export class Marks {
  readonly #request: (command: Command) => Promise<Reply>;
  readonly #waiting = new Map<string, { kind: Kind; room: RoomId; number: number }>();
  readonly #sent = new Map<string, number>();
  #running = false;

  constructor(request: (command: Command) => Promise<Reply>) {
    this.#request = request;
  }

  /** Marks up to a message's number; what was marked already is passed over. */
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
        // A mark that is refused is of a room that is gone; the next one says it all again.
        this.#sent.delete(key);
      }
    }
    this.#running = false;
    if (this.#waiting.size > 0) void this.#run();
  }
}
