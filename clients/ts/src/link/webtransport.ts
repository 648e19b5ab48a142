/**
 * The link over WebTransport: one bidirectional stream for control and messages (lane 0), further
 * lanes on streams that the server opens, and datagrams.
 */

import {
  decodeFarewell,
  encodeFarewell,
  FrameError,
  FrameKind,
  FrameReader,
  streamFrame,
} from "./frames.ts";
import { abrupt, type Dial, type Farewell, type Link, type LinkEvents, PROTOCOL } from "./link.ts";

/** The largest datagram in bytes: what every browser's path carries. */
const MAX_DATAGRAM = 1_000;
/** How long a farewell may take to be written before the connection is closed anyway. */
const FAREWELL_MS = 500;
const NOTHING = new Uint8Array(0);

type Bytes = Uint8Array<ArrayBuffer>;

class WebTransportLink implements Link {
  readonly kind = "webtransport";
  readonly #transport: WebTransport;
  readonly #events: LinkEvents;
  readonly #writer: WritableStreamDefaultWriter<Bytes>;
  readonly #datagrams: WritableStreamDefaultWriter<Bytes>;
  #open = true;

  constructor(
    transport: WebTransport,
    stream: WebTransportBidirectionalStream,
    events: LinkEvents,
  ) {
    this.#transport = transport;
    this.#events = events;
    this.#writer = (stream.writable as WritableStream<Bytes>).getWriter();
    this.#datagrams = (transport.datagrams.writable as WritableStream<Bytes>).getWriter();
    // Any failure also rejects `closed`, which says why.
    const ended = (error: unknown) => this.#end(abrupt(describe(error)));
    transport.closed.then(
      (info) => this.#end(abrupt(info.reason ?? "the connection closed")),
      ended,
    );
    void this.#readLane(stream.readable, new FrameReader()).catch(ended);
    void this.#acceptLanes().catch(ended);
    void this.#readDatagrams().catch(ended);
  }

  send(payload: Uint8Array): void {
    this.#write(FrameKind.data, payload);
  }

  sendDatagram(payload: Uint8Array): boolean {
    if (payload.length > MAX_DATAGRAM) return false;
    if (this.#open) this.#datagrams.write(payload.slice()).catch(ignore);
    return true;
  }

  ping(): void {
    this.#write(FrameKind.ping, NOTHING);
  }

  close(farewell: Farewell): void {
    if (!this.#open) return;
    const written = this.#write(FrameKind.farewell, encodeFarewell(farewell));
    this.#end(farewell);
    const close = () => this.#shut();
    setTimeout(close, FAREWELL_MS);
    written.then(() => this.#writer.close()).then(close, close);
  }

  #write(kind: number, payload: Uint8Array): Promise<void> {
    if (!this.#open) return Promise.resolve();
    const written = this.#writer.write(streamFrame(kind, payload));
    // A failed write means a broken link, which `closed` reports.
    written.catch(ignore);
    return written;
  }

  async #readLane(readable: ReadableStream<Uint8Array>, frames: FrameReader): Promise<void> {
    const reader = readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      this.#receive(frames, value);
    }
  }

  /** A lane begins with its number, which does not matter here: order only holds within a lane. */
  async #acceptLanes(): Promise<void> {
    const streams = this.#transport.incomingUnidirectionalStreams.getReader();
    for (;;) {
      const { done, value } = await streams.read();
      if (done) return;
      void this.#readNumberedLane(value as ReadableStream<Uint8Array>).catch(ignore);
    }
  }

  async #readNumberedLane(readable: ReadableStream<Uint8Array>): Promise<void> {
    const reader = readable.getReader();
    const frames = new FrameReader();
    let numbered = false;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const piece: Uint8Array = numbered ? value : value.subarray(1);
      numbered ||= value.length > 0;
      this.#receive(frames, piece);
    }
  }

  async #readDatagrams(): Promise<void> {
    const reader = this.#transport.datagrams.readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (this.#open) this.#events.datagram(value);
    }
  }

  #receive(frames: FrameReader, piece: Uint8Array): void {
    try {
      for (const frame of frames.push(piece)) {
        if (!this.#open) return;
        if (frame.kind === FrameKind.data) this.#events.frame(frame.payload);
        else if (frame.kind === FrameKind.pong) this.#events.pong();
        else if (frame.kind === FrameKind.ping) this.#write(FrameKind.pong, frame.payload);
        else {
          this.#end(decodeFarewell(frame.payload));
          this.#shut();
        }
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.close({ code: PROTOCOL, reason: error.message });
    }
  }

  #shut(): void {
    try {
      this.#transport.close();
    } catch {
      // It is closed already.
    }
  }

  #end(farewell: Farewell): void {
    if (!this.#open) return;
    this.#open = false;
    this.#events.closed(farewell);
  }
}

/** Dials WebTransport at an address, trusting the certificate with this SHA-256 hash if one is given. */
export function webTransportDial(url: string, certificateHash: Bytes | null): Dial {
  return async (events, signal) => {
    signal.throwIfAborted();
    const transport = new WebTransport(url, {
      congestionControl: "low-latency",
      ...(certificateHash && {
        serverCertificateHashes: [{ algorithm: "sha-256", value: certificateHash }],
      }),
    });
    // The race may be over before this link opens or fails.
    transport.closed.catch(ignore);
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    aborted.catch(ignore);
    try {
      await Promise.race([transport.ready, aborted]);
      const stream = await Promise.race([transport.createBidirectionalStream(), aborted]);
      return new WebTransportLink(transport, stream, events);
    } catch (error) {
      transport.ready.catch(ignore);
      try {
        transport.close();
      } catch {
        // Never opened.
      }
      throw error;
    }
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ignore(): void {}
