/** What a client is made with. */

import type { BackoffOptions } from "../backoff.ts";
import type { Route } from "../link/discover.ts";
import type { WebSocketConstructor } from "../link/websocket.ts";
import type { OutboxStorage } from "../outbox/storage.ts";
import type { DeviceId } from "../protocol.ts";
import type { Timers } from "../timers.ts";

/** Why a token is asked for. */
export type TokenReason = "connect" | "expiring" | "refused";

/** The options of {@link ChatClient}. */
export interface ChatClientOptions {
  /** The server: `https://host:port`. */
  readonly server: string;
  /** Gives a token; called again when it ends. Null signs the person out; a rejection is tried again. */
  readonly getToken: (reason: TokenReason, signal: AbortSignal) => Promise<string | null>;
  /** This installation, made once by `randomDeviceId()` and kept. */
  readonly device: DeviceId;
  /** The application's name and version, for the server's logs. */
  readonly application?: string;
  /** Ends the client when it aborts. */
  readonly signal?: AbortSignal;
  /** Keeps unsent messages when the client ends: `browserOutbox()` in a browser. Without one they are lost. */
  readonly outboxStorage?: OutboxStorage;
  /**
   * Makes WebSockets where the platform does not, as in Node 20: `WebSocket` of the package `ws`. The
   * platform's own by default.
   */
  readonly webSocket?: WebSocketConstructor;
  /** The waits between attempts. */
  readonly backoff?: Partial<BackoffOptions>;
  /** For tests: a way to the server instead of discovery. */
  readonly routes?: (signal: AbortSignal) => Promise<readonly Route[]>;
  /** For tests: a clock. */
  readonly timers?: Timers;
  /** For tests: the local time in milliseconds since 1970. */
  readonly localTime?: () => number;
}
