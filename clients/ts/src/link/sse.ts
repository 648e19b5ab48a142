/**
 * The link over server-sent events and POST, for browsers behind proxies that let nothing else pass.
 *
 * The server's frames are the events of one response that does not end; the client's go as POSTs, one after
 * the other, each with what has gathered meanwhile. A POST has a number, so one whose answer is lost is sent
 * again and applied once. It is read with `fetch` and not `EventSource`, which hides why it is refused and
 * connects again by itself.
 */

import { FrameError, MAX_FRAME } from "./frames.ts";
import { abrupt, type Dial, type Farewell, type Link, type LinkEvents, PROTOCOL } from "./link.ts";
import { SUBPROTOCOL } from "./websocket.ts";

/** The longest line in characters: a frame in base64, and the name of its field. */
export const MAX_LINE: number = Math.ceil(MAX_FRAME / 3) * 4 + 256;
/** Frames in one POST at most. */
const POST_FRAMES = 256;
/** Characters in one POST at most, if it has more than one frame. */
const POST_CHARACTERS = 64 * 1024;
/** How long one POST may take. */
const POST_MS = 10_000;
/** How often a POST is sent before the link is given up. */
const ATTEMPTS = 4;
/** How long the second attempt waits; further ones wait twice as long as the one before. */
const RETRY_MS = 250;
/** How long the stream may take to say why POSTs are refused. */
const LAST_WORDS_MS = 1_000;
/** Refusals after which the same POST may be taken: its turn has not come, or too much waits. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** An event of the stream. */
export interface StreamEvent {
  /** Its type; empty for frames. */
  readonly type: string;
  readonly data: string;
}

/** Cuts a response, arriving in any pieces, into events. */
export class EventReader {
  readonly #decoder = new TextDecoder();
  #text = "";
  #type = "";
  #data: string | undefined;

  /** Takes in the next piece and gives the events that are whole now. */
  *push(piece: Uint8Array): Generator<StreamEvent> {
    let searched = this.#text.length;
    this.#text += this.#decoder.decode(piece, { stream: true });
    for (;;) {
      const end = this.#text.indexOf("\n", searched);
      if (end < 0) break;
      const line = this.#text.slice(0, end).replace(/\r$/, "");
      this.#text = this.#text.slice(end + 1);
      searched = 0;
      const event = this.#line(line);
      if (event) yield event;
    }
    if (this.#text.length > MAX_LINE) throw new FrameError("a line over the limit");
  }

  #line(line: string): StreamEvent | undefined {
    if (line === "") {
      const [type, data] = [this.#type, this.#data];
      this.#type = "";
      this.#data = undefined;
      return data === undefined ? undefined : { type, data };
    }
    const [field, value] = split(line, ":");
    const text = value.startsWith(" ") ? value.slice(1) : value;
    if (field === "event") this.#type = text;
    else if (field === "data") {
      this.#data = this.#data === undefined ? text : `${this.#data}\n${text}`;
      if (this.#data.length > MAX_LINE) throw new FrameError("an event over the limit");
    }
    return undefined;
  }
}

class SseLink implements Link {
  readonly kind = "sse";
  readonly #url: string;
  readonly #name: string;
  readonly #events: LinkEvents;
  readonly #stop: AbortController;
  #lines: string[] = [];
  #number = 0;
  #posting = false;
  #open = true;

  constructor(url: string, name: string, events: LinkEvents, stop: AbortController) {
    this.#url = url;
    this.#name = name;
    this.#events = events;
    this.#stop = stop;
  }

  send(payload: Uint8Array): void {
    this.#queue(toBase64(payload));
  }

  sendDatagram(): boolean {
    return false;
  }

  ping(): void {
    this.#queue(":ping");
  }

  close(farewell: Farewell): void {
    if (!this.#open) return;
    this.#queue(`:bye ${farewell.code} ${farewell.reason.replaceAll(/[\r\n]/g, " ").slice(0, 40)}`);
    this.#end(farewell);
  }

  /** Reads the stream to its end. */
  async read(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    parser: EventReader,
    early: readonly StreamEvent[],
  ): Promise<void> {
    try {
      for (const event of early) this.#receive(event);
      while (this.#open) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const event of parser.push(value)) this.#receive(event);
      }
      this.#broke("the stream ended");
    } catch (error) {
      if (error instanceof FrameError) this.close({ code: PROTOCOL, reason: error.message });
      else this.#broke(describe(error));
    }
  }

  #receive({ type, data }: StreamEvent): void {
    if (!this.#open) return;
    if (type === "") this.#events.frame(fromBase64(data));
    else if (type === "pong") this.#events.pong();
    else if (type === "ping") this.#queue(":pong");
    else if (type === "farewell") {
      const [code, reason] = split(data, " ");
      if (!/^\d{1,5}$/.test(code)) throw new FrameError("a malformed farewell");
      this.#lines = [];
      this.#end({ code: Number(code), reason });
    }
  }

  #queue(line: string): void {
    if (!this.#open) return;
    this.#lines.push(line);
    if (!this.#posting) void this.#post();
  }

  /** Sends what waits, and what comes meanwhile. */
  async #post(): Promise<void> {
    this.#posting = true;
    // What is queued in one go leaves in one POST.
    await Promise.resolve();
    try {
      while (this.#lines.length > 0) await this.#deliver(this.#next());
    } catch (error) {
      this.#lines = [];
      const timer = setTimeout(() => this.#broke(describe(error)), LAST_WORDS_MS);
      this.#stop.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    } finally {
      this.#posting = false;
      if (!this.#open) this.#stop.abort();
    }
  }

  #next(): string {
    let body = `${this.#name} ${++this.#number}\n`;
    let count = 0;
    for (const line of this.#lines) {
      if (count === POST_FRAMES) break;
      if (count > 0 && body.length + line.length > POST_CHARACTERS) break;
      body += `${line}\n`;
      count += 1;
    }
    this.#lines.splice(0, count);
    return body;
  }

  async #deliver(body: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      let problem: string;
      try {
        const response = await fetch(this.#url, {
          method: "POST",
          body,
          cache: "no-store",
          // A page that goes away still says goodbye; browsers allow that for small bodies.
          keepalive: body.length < 1_000,
          signal: AbortSignal.timeout(POST_MS),
        });
        // The connection is free for the next one when this was read.
        await response.arrayBuffer();
        if (response.ok) return;
        problem = `a POST was answered with ${response.status}`;
        if (response.status < 500 && !PASSING.has(response.status)) throw new RefusedError(problem);
      } catch (error) {
        if (error instanceof RefusedError) throw error;
        problem = describe(error);
      }
      if (attempt === ATTEMPTS || !this.#open) throw new Error(problem);
      const wait = RETRY_MS * 2 ** (attempt - 1);
      await new Promise<void>((resolve) => setTimeout(resolve, wait));
    }
  }

  #broke(reason: string): void {
    if (!this.#open) return;
    this.#lines = [];
    this.#end(abrupt(reason));
  }

  #end(farewell: Farewell): void {
    if (!this.#open) return;
    this.#open = false;
    // A goodbye that waits ends the stream when it is sent.
    if (!this.#posting) this.#stop.abort();
    this.#events.closed(farewell);
  }
}

/** A POST that will never be taken. */
class RefusedError extends Error {}

/** Opens a stream at an address (`http://` or `https://`). */
export function sseDial(url: string): Dial {
  return async (events, signal) => {
    signal.throwIfAborted();
    const stop = new AbortController();
    const aborted = () => stop.abort(signal.reason);
    signal.addEventListener("abort", aborted, { once: true });
    try {
      const address = new URL(url);
      address.searchParams.set("protocol", SUBPROTOCOL);
      const response = await fetch(address, {
        cache: "no-store",
        headers: { accept: "text/event-stream" },
        signal: stop.signal,
      });
      if (!response.ok || !response.body) {
        throw new Error(`the server opened no stream (${response.status})`);
      }
      const reader = response.body.getReader();
      const parser = new EventReader();
      const [first, ...early] = await firstEvents(reader, parser);
      if (first?.type !== "stream") throw new FrameError("the stream has no name");
      const link = new SseLink(url, first.data, events, stop);
      void link.read(reader, parser, early);
      return link;
    } catch (error) {
      stop.abort();
      throw error;
    } finally {
      signal.removeEventListener("abort", aborted);
    }
  };
}

async function firstEvents(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  parser: EventReader,
): Promise<StreamEvent[]> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return [];
    const found = [...parser.push(value)];
    if (found.length > 0) return found;
  }
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Characters that are made at once: more arguments would not fit the stack. */
const CHUNK = 8 * 1024;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  let decoded: string;
  try {
    decoded = atob(text);
  } catch {
    throw new FrameError("a frame that is not base64");
  }
  if (decoded.length > MAX_FRAME) throw new FrameError("a frame over the limit");
  return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
