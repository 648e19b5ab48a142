/**
 * Keeps unsent messages in IndexedDB. Every client holds a Web Lock of its own for as long as it
 * lives, and waits for the locks of the person's other clients: the one that gets such a lock takes over what
 * that client left. So a message has one sender at a time, and none waits for a tab that the browser has
 * put to sleep. Where there are no Web Locks, a client takes over everything when it begins; what two
 * clients send then has the same key, and arrives once.
 */

import {
  type ClientId,
  type ClientKey,
  clientId,
  randomClientId,
  roomId,
  type UserId,
} from "../protocol.ts";
import type { KeptMessage, KeptMessages, OutboxStorage } from "./storage.ts";

const STORE = "messages";
/** The most messages that one client takes over from another at once. */
const ADOPTED_MESSAGES = 500;
/** A tab's last writes may become visible after its lock was released: then they are looked for again. */
const SETTLE_MS = 1_000;

/** A row of the database; its key is the person and the client id. */
interface Row extends KeptMessage {
  readonly user: UserId;
  readonly id: ClientId;
  /** The client that sends it. */
  readonly owner: string;
  /** Its place among the messages of its owner. */
  readonly order: number;
}

/** A storage in the browser's IndexedDB, in a database of this name. */
export function browserOutbox(name = "caffis-outbox"): OutboxStorage {
  return { open: (user, adopt) => new BrowserMessages(name, user, adopt) };
}

class BrowserMessages implements KeptMessages {
  readonly #name: string;
  readonly #user: UserId;
  readonly #owner: string = randomClientId();
  readonly #adopt: (messages: readonly KeptMessage[]) => void;
  readonly #end = new AbortController();
  readonly #watched = new Set<string>();
  readonly #channel: BroadcastChannel | null;
  /** Resolves once this client has its lock and the database; writes wait for that. */
  readonly #begun: Promise<void>;
  /** The last write. */
  #written: Promise<unknown>;
  #database: IDBDatabase | undefined;
  #order = 0;

  constructor(name: string, user: UserId, adopt: (messages: readonly KeptMessage[]) => void) {
    this.#name = name;
    this.#user = user;
    this.#adopt = adopt;
    this.#channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(this.#title()) : null;
    this.#begun = this.#begin().catch(ignore);
    this.#written = this.#begun;
  }

  put({ key, room, text, extras, error }: KeptMessage): void {
    this.#order += 1;
    const own = { user: this.#user, owner: this.#owner, order: this.#order };
    const row: Row = { ...own, id: key.id, key, room, text, extras, error };
    this.#write((messages) => messages.put(row));
  }

  remove(id: ClientId): void {
    this.#write((messages) => messages.delete([this.#user, id]));
  }

  close(): void {
    this.#channel?.close();
    // Pending writes finish before another client may take over.
    void this.#written.finally(() => {
      this.#end.abort();
      this.#database?.close();
    });
  }

  async #begin(): Promise<void> {
    await this.#holdOwnLock();
    this.#database = await openDatabase(this.#name);
    if (this.#channel) {
      this.#channel.onmessage = ({ data }) => {
        // A new client asks who else is there and the others answer: each waits for the end of the others.
        const { owner, asks } = data as { owner: string; asks: boolean };
        this.#watch(owner);
        if (asks) this.#channel?.postMessage({ owner: this.#owner, asks: false });
      };
      this.#channel.postMessage({ owner: this.#owner, asks: true });
    }
    const rows = await this.#rows();
    for (const owner of new Set(rows.map((row) => row.owner))) this.#watch(owner);
  }

  /** Waits for the end of another client, then takes over what it left. */
  #watch(owner: string): void {
    if (owner === this.#owner || this.#watched.has(owner)) return;
    this.#watched.add(owner);
    const { locks } = navigator;
    const { signal } = this.#end;
    const takeOver = () => this.#takeOver(owner);
    const done = locks ? locks.request(this.#title(owner), { signal }, takeOver) : takeOver();
    done.catch(ignore);
  }

  async #takeOver(owner: string): Promise<void> {
    await this.#adoptFrom(owner);
    await new Promise((settled) => setTimeout(settled, SETTLE_MS));
    await this.#adoptFrom(owner);
  }

  async #adoptFrom(owner: string): Promise<void> {
    const rows = await this.#rows();
    const left = rows.filter((row) => row.owner === owner).slice(0, ADOPTED_MESSAGES);
    if (left.length === 0 || this.#end.signal.aborted) return;
    left.sort((a, b) => a.key.time - b.key.time || a.order - b.order);
    this.#adopt(left.map(read));
    for (const row of left) this.put(row);
    await this.#written;
  }

  async #rows(): Promise<Row[]> {
    const everything = IDBKeyRange.bound([this.#user], [this.#user, []]);
    const messages = this.#database?.transaction(STORE).objectStore(STORE);
    return messages ? result(messages.getAll(everything)) : [];
  }

  /** Writes in the order of the calls. */
  #write(act: (messages: IDBObjectStore) => IDBRequest): void {
    this.#written = this.#begun
      .then(() => {
        const transaction = this.#database?.transaction(STORE, "readwrite");
        if (!transaction) return;
        const done = result(act(transaction.objectStore(STORE)));
        // Otherwise it commits only after this tab has read the result: a tab that closes now would lose it.
        transaction.commit();
        return done;
      })
      .catch(ignore);
  }

  /** Resolves once this client holds its lock, which it does until its end. */
  #holdOwnLock(): Promise<void> {
    return new Promise((held, failed) => {
      if (!navigator.locks) {
        held();
        return;
      }
      const untilEnd = () => {
        held();
        return new Promise<void>((ended) => {
          this.#end.signal.addEventListener("abort", () => ended(), { once: true });
        });
      };
      navigator.locks.request(this.#title(this.#owner), untilEnd).catch(failed);
    });
  }

  /** The name of this person's channel, or of a client's lock. */
  #title(owner = ""): string {
    return `${this.#name} ${this.#user} ${owner}`;
  }
}

/** A kept message; before messages could answer others it had no extras. */
type Older = Omit<KeptMessage, "extras"> & Partial<Pick<KeptMessage, "extras">>;

/** A message as it was kept, checked: an older version of the page may have written it. */
export function read(kept: Older): KeptMessage {
  const { key, room, text, extras = [], error } = kept;
  // A key without a head knew none.
  const { id, time, head = 0 }: Partial<ClientKey> & Pick<ClientKey, "id" | "time"> = key;
  return { key: { id: clientId(id), time, head }, room: roomId(room), text, extras, error };
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(STORE, { keyPath: ["user", "id"] });
  };
  return result(opening);
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function ignore(): void {}
