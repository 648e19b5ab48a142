/** Finds messages by their words, and says what rooms talk about. */

import type { Command, Reply, RoomId, SearchPage, SearchPlace, Topic } from "../protocol.ts";
import type { ProfileLoader } from "./profiles.ts";

/** Messages in one page of what was found. */
export const SEARCH_PAGE = 20;

/** What is looked for. */
export interface SearchOptions {
  /** Words, `"phrases"`, beginnings of words (`cappu*`), and filters such as `from:giulia`. */
  readonly query: string;
  /** The room; all rooms of this person if it is absent. */
  readonly room?: RoomId | null;
  /**
   * The time zone (IANA) of the days after `before:` and `after:`. By default that of this device; null for that of the
   * person's profile.
   */
  readonly timeZone?: string | null;
  /** Where the page before this one says to go on. */
  readonly before?: SearchPlace | null;
  /** The most messages wanted. */
  readonly limit?: number;
}

/** The time zone of this device; null if it does not say. */
function ownTimeZone(): string | null {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  // What browsers say that do not know, or keep it to themselves.
  return !timeZone || timeZone === "Etc/Unknown" ? null : timeZone;
}

/** Searches for a client. */
export class Searcher {
  readonly #profiles: ProfileLoader;
  readonly #request: (command: Command, signal?: AbortSignal) => Promise<Reply>;

  constructor(
    profiles: ProfileLoader,
    request: (command: Command, signal?: AbortSignal) => Promise<Reply>,
  ) {
    this.#profiles = profiles;
    this.#request = request;
  }

  /** A page of what was found, newest first; the names of its senders are loaded too. */
  async find(options: SearchOptions, signal?: AbortSignal): Promise<SearchPage> {
    const { query, room = null, before = null, limit = SEARCH_PAGE } = options;
    const { timeZone = ownTimeZone() } = options;
    const value = { room, query, timeZone, before, limit };
    const reply = await this.#request({ type: "search", value }, signal);
    if (reply.type !== "found") throw new Error(`search was answered by ${reply.type}`);
    this.#profiles.of(reply.value.hits.map(({ sender }) => sender));
    return reply.value;
  }

  /** What a public room talks about, the heaviest words first. */
  async topics(room: RoomId, limit: number, signal?: AbortSignal): Promise<readonly Topic[]> {
    const reply = await this.#request({ type: "topics", value: { room, limit } }, signal);
    if (reply.type !== "topics") throw new Error(`topics was answered by ${reply.type}`);
    return reply.value.topics;
  }
}
