/** Live locations: where others are who share theirs, and sharing this person's. */

import type { ServerClock } from "../clock.ts";
import {
  type ClientKey,
  type ClientSignal,
  type Command,
  type Entry,
  LIVE_LOCATION_REPEAT_MS,
  LIVE_LOCATION_UPDATE_MS,
  type LocationBody,
  type LocationUpdateBy,
  type Reply,
  type RoomId,
  randomClientId,
  type UserId,
} from "../protocol.ts";
import { Cell, type Readable } from "../store/readable.ts";
import type { Store } from "../store/store.ts";
import type { Timers } from "../timers.ts";

/** Updates reach the server at different speeds: this much later than it allows, none comes too soon. */
const MARGIN_MS = 500;

/** Positions of others that are kept; of more, those that were heard first are forgotten. */
const KEPT_POSITIONS = 200;

/** Where somebody is. */
export interface LivePosition {
  /** Latitude and longitude in degrees: `45.4642,9.19`. */
  readonly coordinates: string;
  /** How far away they may be, in metres. */
  readonly accuracy: number | null;
  /** When it was heard, by the server's clock. */
  readonly time: number;
  readonly counter: number;
}

/** A live location that this person shares from here. */
export interface Sharing {
  readonly room: RoomId;
  /** The position of its message. */
  readonly message: number;
  /** When it ends by itself, by the server's clock. */
  readonly until: number;
  /** What the message says: where it began. */
  readonly location: LocationBody;
}

/** Where this person is. */
export type Position = Pick<LocationBody, "coordinates" | "accuracy">;

/** What live locations need. */
export interface LiveLocationsOptions {
  readonly timers: Timers;
  readonly clock: ServerClock;
  readonly store: Store;
  /** Sends a signal that may be lost. */
  send(signal: ClientSignal): void;
  request(command: Command): Promise<Reply>;
}

interface Active {
  readonly sharing: Sharing;
  /** Where this person is; null while it is not known. */
  at: Position | null;
  /** Whether the others know. */
  told: boolean;
  /** When they were told last, on the monotonic clock. */
  sent: number | null;
  cancel: () => void;
}

/** The live locations of a client. A live location is named by its room and its message's position. */
export class LiveLocations {
  readonly #options: LiveLocationsOptions;
  readonly #positions = new Cell<ReadonlyMap<string, LivePosition>>(new Map());
  readonly #sharing = new Cell<readonly Sharing[]>([]);
  readonly #active = new Map<string, Active>();
  #counter = 0;
  /** Where this person is, while they share it anywhere. */
  #at: Position | null = null;

  constructor(options: LiveLocationsOptions) {
    this.#options = options;
  }

  /** Where people are: use {@link livePositionOf} to read it. */
  get positions(): Readable<ReadonlyMap<string, LivePosition>> {
    return this.#positions;
  }

  /** What this person shares from here, and has not ended. */
  get sharing(): Readable<readonly Sharing[]> {
    return this.#sharing;
  }

  /** Begins a live location of so many milliseconds; one that is shared from here in the same room ends. */
  async share(room: RoomId, location: LocationBody, milliseconds: number): Promise<Sharing> {
    const before = this.#sharing.getSnapshot().find((sharing) => sharing.room === room);
    if (before) await this.end(before);
    const until = this.#options.clock.now() + milliseconds;
    const body = { type: "location", value: location } as const;
    const extras = [{ type: "live_location", value: { until } }] as const;
    const value = { key: this.#key(room), room, body, extras };
    const reply = await this.#options.request({ type: "send", value });
    if (reply.type !== "appended") throw new Error(`send was answered by ${reply.type}`);
    const sharing = { room, message: reply.value.position, until, location };
    this.resume(sharing);
    return sharing;
  }

  /** Goes on with a live location that was begun before, as by a page that was loaded again. */
  resume(sharing: Sharing): void {
    const key = liveKey(sharing.room, sharing.message);
    if (this.#active.has(key) || sharing.until <= this.#options.clock.now()) return;
    const at = this.#at;
    const active = { sharing, at, told: at === null, sent: null, cancel: () => {} };
    this.#active.set(key, active);
    this.#wait(active);
    this.#changed();
  }

  /** This person is there: tells it where they share their location, as often as the server allows. */
  moved(position: Position): void {
    if (this.#active.size > 0) this.#at = position;
    for (const active of this.#active.values()) {
      const { at } = active;
      const same = at?.coordinates === position.coordinates && at.accuracy === position.accuracy;
      active.at = position;
      active.told &&= same;
      if (!active.told) this.#wait(active);
    }
  }

  /** Ends a live location where this person is. They are not told of any more at once, also if this fails. */
  async end(sharing: Sharing): Promise<void> {
    const { room, message, location } = sharing;
    const at = this.#active.get(liveKey(room, message))?.at;
    this.#forget(room, message);
    const value = { ...location, ...at };
    const body = { type: "location", value } as const;
    const key = this.#key(room);
    const edit = { key, room, position: message, body, mentions: null };
    await this.#options.request({ type: "edit", value: edit });
  }

  /** Somebody is elsewhere; what arrives late is dropped. */
  heard({ room, message, user, counter, coordinates, accuracy }: LocationUpdateBy): void {
    // With who says it: what somebody else claims of a message does not count.
    const key = positionKey(room, message, user);
    const before = this.#positions.getSnapshot().get(key);
    if (before && counter <= before.counter) return;
    const positions = new Map(this.#positions.getSnapshot());
    // Who was heard last is forgotten last.
    positions.delete(key);
    const time = this.#options.clock.now();
    positions.set(key, { coordinates, accuracy, time, counter });
    const [oldest] = positions.keys();
    if (positions.size > KEPT_POSITIONS && oldest !== undefined) positions.delete(oldest);
    this.#positions.set(positions);
  }

  /** An entry came: one that changes a message ends its live location. */
  entry(room: RoomId, { kind }: Entry): void {
    if (kind.type === "edited" || kind.type === "deleted") this.#forget(room, kind.value.message);
  }

  /** Stops telling, without ending anything. */
  close(): void {
    for (const active of this.#active.values()) active.cancel();
    this.#active.clear();
  }

  /** Waits until the next update is due. */
  #wait(active: Active): void {
    active.cancel();
    const { timers, clock } = this.#options;
    const left = active.sharing.until - clock.now();
    const pause = active.told ? LIVE_LOCATION_REPEAT_MS : LIVE_LOCATION_UPDATE_MS + MARGIN_MS;
    const since = active.sent === null ? pause : timers.monotonic() - active.sent;
    const due = active.told && active.at === null ? left : Math.max(0, pause - since);
    active.cancel = timers.after(Math.max(0, Math.min(left, due)), () => this.#tell(active));
  }

  #tell(active: Active): void {
    const { room, message, until } = active.sharing;
    const { timers, clock } = this.#options;
    if (until <= clock.now()) {
      this.#forget(room, message);
      return;
    }
    if (active.at) {
      this.#counter += 1;
      const value = { room, message, counter: this.#counter, ...active.at };
      this.#options.send({ type: "location", value });
      active.told = true;
      active.sent = timers.monotonic();
    }
    this.#wait(active);
  }

  #forget(room: RoomId, message: number): void {
    const key = liveKey(room, message);
    const active = this.#active.get(key);
    if (!active) return;
    active.cancel();
    this.#active.delete(key);
    if (this.#active.size === 0) this.#at = null;
    this.#changed();
  }

  #changed(): void {
    this.#sharing.set([...this.#active.values()].map(({ sharing }) => sharing));
  }

  #key(room: RoomId): ClientKey {
    const { clock, store } = this.#options;
    return { id: randomClientId(), time: clock.now(), head: store.headOf(room) };
  }
}

function positionKey(room: RoomId, message: number, user: UserId): string {
  return `${liveKey(room, message)}:${user}`;
}

/** The name of a live location. */
function liveKey(room: RoomId, message: number): string {
  return `${room}:${message}`;
}

/** Where the sender of a live location is, as far as they were heard; null for what others claim. */
export function livePositionOf(
  positions: ReadonlyMap<string, LivePosition>,
  room: RoomId,
  message: number,
  sender: UserId,
): LivePosition | null {
  return positions.get(positionKey(room, message, sender)) ?? null;
}
