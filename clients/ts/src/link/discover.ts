/** What `GET /api/chat/connect` says, and which transports this browser should try. */

import type { Dial, TransportKind } from "./link.ts";
import { sseDial } from "./sse.ts";
import { type WebSocketConstructor, webSocketDial } from "./websocket.ts";
import { webTransportDial } from "./webtransport.ts";

/** Where discovery is served. */
export const CONNECT_PATH = "/api/chat/connect";
const DISCOVERY_MS = 5_000;
/**
 * How long WebSocket may take before server-sent events are tried, which cost both sides more: behind a slow
 * path it should still win.
 */
const WEBSOCKET_MS = 3_000;

/** A browser engine that is kept to WebSocket. */
export interface GatedEngine {
  /** `webkit`, `gecko` or `blink`. */
  readonly engine: string;
  /** Versions below this are gated; every version when it is missing. */
  readonly below?: number | null;
}

/** What a server says of its transports. */
export interface ConnectInfo {
  /** Where WebTransport is served; null where it is not. */
  readonly webtransport: {
    readonly url?: string | null;
    readonly port?: number | null;
    readonly path?: string | null;
    /** SHA-256 of the certificate in base64 or hexadecimal, where a browser could not check it otherwise. */
    readonly certificateHash?: string | null;
  } | null;
  /** Where WebSocket is served. */
  readonly websocket: { readonly url?: string | null; readonly path?: string | null } | null;
  /** Where server-sent events are served; an older server does not say. */
  readonly events?: { readonly url?: string | null; readonly path?: string | null } | null;
  /** The browser engines that should use WebSocket. */
  readonly gated?: readonly GatedEngine[];
}

/** One way to the server. */
export interface Route {
  /** The transport that it uses. */
  readonly kind: TransportKind;
  /** Opens a link. */
  readonly dial: Dial;
  /** How long the next route waits for this one to be welcomed, unless it fails; 500 ms if it is not said. */
  readonly headStartMs?: number;
}

/** Asks a server (`https://host:port`) how to connect. */
export async function discover(server: string, signal: AbortSignal): Promise<ConnectInfo> {
  const timeout = AbortSignal.timeout(DISCOVERY_MS);
  const response = await fetch(new URL(CONNECT_PATH, server), {
    signal: AbortSignal.any([signal, timeout]),
    cache: "no-store",
  });
  if (!response.ok) throw new Error(`${CONNECT_PATH} answered ${response.status}`);
  return (await response.json()) as ConnectInfo;
}

/**
 * The routes that this browser should race, the preferred one first. Where server-sent events were the last
 * that worked they do not wait long again.
 */
export function routes(
  server: string,
  info: ConnectInfo,
  agent: string,
  webSocket?: WebSocketConstructor,
  last?: TransportKind | null,
): Route[] {
  const found: Route[] = [];
  const base = new URL(server);
  const { webtransport, websocket, events } = info;
  if (webtransport && "WebTransport" in globalThis && !isGated(agent, info.gated ?? [])) {
    const url = webtransport.url ? new URL(webtransport.url, base) : new URL(base);
    if (!webtransport.url) {
      url.protocol = "https:";
      url.port = String(webtransport.port ?? base.port);
      url.pathname = webtransport.path ?? "/api/chat/wt";
    }
    const hash = webtransport.certificateHash ? readHash(webtransport.certificateHash) : null;
    found.push({ kind: "webtransport", dial: webTransportDial(url.href, hash) });
  }
  if (websocket) {
    const url = new URL(websocket.url ?? websocket.path ?? "/api/chat/ws", base);
    url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
    const patience = events && last !== "sse" ? { headStartMs: WEBSOCKET_MS } : {};
    found.push({ kind: "websocket", dial: webSocketDial(url.href, webSocket), ...patience });
  }
  if (events) {
    const url = new URL(events.url ?? events.path ?? "/api/chat/events", base);
    found.push({ kind: "sse", dial: sseDial(url.href) });
  }
  return found;
}

/** The engine of a browser and its version, read from the user agent. */
export function engineOf(agent: string): { engine: string; version: number } {
  const version = (pattern: RegExp) => Number(pattern.exec(agent)?.[1] ?? Number.NaN);
  if (/Firefox\//.test(agent)) return { engine: "gecko", version: version(/Firefox\/(\d+)/) };
  if (/Chrom(e|ium)\//.test(agent))
    return { engine: "blink", version: version(/Chrom(?:e|ium)\/(\d+)/) };
  if (/AppleWebKit\//.test(agent)) return { engine: "webkit", version: version(/Version\/(\d+)/) };
  return { engine: "unknown", version: Number.NaN };
}

/** Whether a table of gated engines names this browser. */
export function isGated(agent: string, table: readonly GatedEngine[]): boolean {
  const { engine, version } = engineOf(agent);
  return table.some(
    (gate) =>
      gate.engine === engine &&
      (gate.below == null || Number.isNaN(version) || version < gate.below),
  );
}

function readHash(text: string): Uint8Array<ArrayBuffer> {
  if (/^([0-9a-f]{2}:?){32}$/i.test(text)) {
    const digits = text.replaceAll(":", "");
    return Uint8Array.from({ length: 32 }, (_, i) =>
      Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
    );
  }
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
