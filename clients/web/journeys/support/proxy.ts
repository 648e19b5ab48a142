/** A proxy as in some offices: it passes on HTTP requests, and refuses every switch to WebSocket. */

import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** Where streams of events are. */
const EVENTS = "/api/chat/events";

/** Listens on `::1`, where UDP is swallowed. */
export class OfficeProxy implements AsyncDisposable {
  readonly #target: number;
  readonly #server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
  readonly #streams = new Set<ServerResponse>();
  #closed = false;
  /** How many switches to WebSocket it has refused. */
  refused = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server.on("upgrade", (_, socket: Socket) => {
      this.refused += 1;
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
  }

  /** A proxy in front of the server at a port of `::1`. */
  static async start(target: number): Promise<OfficeProxy> {
    const proxy = new OfficeProxy(target);
    proxy.#server.listen(0, "::1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Where pages come from. */
  get url(): string {
    return `http://[::1]:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Cuts all streams, in the middle of what they say. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  /** Passes nothing on for a while, or everything again. */
  close(closed: boolean): void {
    this.#closed = closed;
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.#closed) {
      outgoing.destroy();
      return;
    }
    const { method, url, headers } = incoming;
    const options = { host: "::1", port: this.#target, path: url, method, headers };
    const onward = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (method === "GET" && url?.startsWith(EVENTS)) this.#streams.add(outgoing);
      answer.pipe(outgoing);
    });
    outgoing.on("close", () => {
      this.#streams.delete(outgoing);
      onward.destroy();
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
