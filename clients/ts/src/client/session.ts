/** One session: a link, its hello, the commands in flight on it and its heartbeat. */

import { DecodeError } from "../codec/runtime.ts";
import { CommandError, LinkLostError } from "../errors.ts";
import {
  CLOSE_CODES,
  type ClientSignal,
  type Command,
  clientFrameToBytes,
  type Hello,
  type Reply,
  type ServerEvent,
  type ServerFrame,
  type ServerSignal,
  serverFrameFromBytes,
  type Welcome,
} from "../generated/protocol.ts";
import { type Dial, type Farewell, type Link, type LinkEvents, PROTOCOL } from "../link/link.ts";
import type { Timers } from "../timers.ts";
import { type Settle, waiting } from "../waiting.ts";
import { Heartbeat } from "./heartbeat.ts";

/** What a session tells its owner. */
export interface SessionEvents {
  /** Something happened. */
  event(event: ServerEvent): void;
  /** Something that may be lost happened. */
  signal(signal: ServerSignal): void;
  /** The round trip was measured, in milliseconds. */
  roundTrip(milliseconds: number): void;
}

type Heard =
  | { readonly type: "event"; readonly value: ServerEvent }
  | { readonly type: "signal"; readonly value: ServerSignal };

/** An open session; made by {@link openSession}. */
export class Session implements LinkEvents {
  readonly #timers: Timers;
  readonly #inFlight = new Map<number, Settle<Reply>>();
  readonly #endings: ((farewell: Farewell) => void)[] = [];
  #link: Link | undefined;
  #heartbeat: Heartbeat | undefined;
  #events: SessionEvents | undefined;
  /** What arrived before the owner listened: in one piece of bytes with the welcome. */
  #early: Heard[] = [];
  #nextId = 1;
  /** How long hello and its answer took, in milliseconds. */
  helloMs = 0;
  #farewell: Farewell | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Gives the session its link. */
  attach(link: Link): void {
    this.#link = link;
    // The race may be over, and this session ended with it.
    if (this.#farewell) link.close(this.#farewell);
  }

  /** Which transport carries it. */
  get transport(): Link["kind"] {
    return this.#link?.kind ?? "websocket";
  }

  /** Why it ended, once it has. */
  get farewell(): Farewell | undefined {
    return this.#farewell;
  }

  /** Starts delivering events, beginning with those that already arrived. */
  start(events: SessionEvents, welcome: Welcome, active: boolean): void {
    this.#events = events;
    const link = this.#link;
    if (link && !this.#farewell) {
      this.#heartbeat = new Heartbeat(this.#timers, {
        activeMs: welcome.limits.activePingMs,
        idleMs: welcome.limits.idlePingMs,
        active,
        helloMs: this.helloMs,
        ping: () => link.ping(),
        measured: (milliseconds) => events.roundTrip(milliseconds),
        dead: () => this.#end({ code: CLOSE_CODES.idle, reason: "the server does not answer" }),
      });
    }
    const early = this.#early;
    this.#early = [];
    for (const heard of early) this.#tell(heard);
  }

  /** Calls back when the session ends; at once if it has. */
  onEnd(ended: (farewell: Farewell) => void): void {
    if (this.#farewell) ended(this.#farewell);
    else this.#endings.push(ended);
  }

  /** Whether the person is there: sets the pace of the heartbeat. */
  setActive(active: boolean): void {
    this.#heartbeat?.setActive(active);
  }

  /** Sends a command and gives its reply; rejects with {@link CommandError} or {@link LinkLostError}. */
  request(command: Command, signal?: AbortSignal): Promise<Reply> {
    if (this.#farewell) return Promise.reject(new LinkLostError(this.#farewell));
    return waiting(signal, (settle) => {
      const id = this.#nextId;
      const bytes = clientFrameToBytes({ type: "request", value: { id, command } });
      this.#nextId = (id % 0xffff_ffff) + 1;
      this.#inFlight.set(id, settle);
      this.#link?.send(bytes);
      return () => this.#inFlight.delete(id);
    });
  }

  /** Sends something that may be lost: as a datagram where the link has them. */
  signal(value: ClientSignal): void {
    if (this.#farewell) return;
    const bytes = clientFrameToBytes({ type: "signal", value });
    if (!this.#link?.sendDatagram(bytes)) this.#link?.send(bytes);
  }

  /** Says why and ends. */
  close(farewell: Farewell): void {
    this.#end(farewell);
  }

  frame(payload: Uint8Array): void {
    this.#heartbeat?.alive();
    this.#read(payload, false);
  }

  datagram(payload: Uint8Array): void {
    this.#read(payload, true);
  }

  pong(): void {
    this.#heartbeat?.pong();
  }

  closed(farewell: Farewell): void {
    this.#end(farewell);
  }

  #read(payload: Uint8Array, lossy: boolean): void {
    if (this.#farewell) return;
    let frame: ServerFrame;
    try {
      frame = serverFrameFromBytes(payload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      // A malformed datagram may come from anywhere; a malformed frame ends the session.
      if (!lossy) this.#end({ code: PROTOCOL, reason: error.message });
      return;
    }
    if (frame.type === "reply") {
      const { id, result } = frame.value;
      const waiting = this.#inFlight.get(id);
      this.#inFlight.delete(id);
      if (result.type === "ok") waiting?.resolve(result.value);
      else waiting?.reject(new CommandError(result.value));
    } else this.#tell(frame);
  }

  #tell(heard: Heard): void {
    if (!this.#events) this.#early.push(heard);
    else if (heard.type === "event") this.#events.event(heard.value);
    else this.#events.signal(heard.value);
  }

  #end(farewell: Farewell): void {
    if (this.#farewell) return;
    this.#farewell = farewell;
    this.#heartbeat?.stop();
    this.#link?.close(farewell);
    for (const { reject } of this.#inFlight.values()) reject(new LinkLostError(farewell));
    this.#inFlight.clear();
    for (const ended of this.#endings.splice(0)) ended(farewell);
  }
}

/** A session and what the server said to its hello. */
export interface Greeted {
  readonly session: Session;
  readonly welcome: Welcome;
  /** When hello was sent and its answer came, by the local clock. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** Dials, says hello and waits for the welcome. */
export async function openSession(
  dial: Dial,
  hello: Hello,
  timers: Timers,
  localTime: () => number,
  signal: AbortSignal,
): Promise<Greeted> {
  const session = new Session(timers);
  try {
    session.attach(await dial(session, signal));
    const sentAt = localTime();
    const sent = timers.monotonic();
    const reply = await session.request({ type: "hello", value: hello }, signal);
    const receivedAt = localTime();
    session.helloMs = timers.monotonic() - sent;
    if (reply.type !== "welcome") throw new Error(`hello was answered by ${reply.type}`);
    return { session, welcome: reply.value, sentAt, receivedAt };
  } catch (error) {
    session.close({ code: CLOSE_CODES.normal, reason: "" });
    throw error;
  }
}
