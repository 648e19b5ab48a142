/** The server's clock, estimated from the answer to hello. */
export class ServerClock {
  readonly #local: () => number;
  #offset = 0;

  constructor(local: () => number = Date.now) {
    this.#local = local;
  }

  /** The server's time now, in milliseconds since 1970. */
  now(): number {
    return Math.round(this.#local() + this.#offset);
  }

  /** Milliseconds by which the server's clock is ahead of this machine's. */
  get offset(): number {
    return this.#offset;
  }

  /** Learns from an answer: asked at `sent`, answered at `received`, both by the local clock. */
  learn(serverTime: number, sent: number, received: number): void {
    this.#offset = serverTime - (sent + received) / 2;
  }

  /** The local clock. */
  local(): number {
    return this.#local();
  }
}
