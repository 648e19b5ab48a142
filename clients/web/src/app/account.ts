/**
 * Who is signed in, in this tab: several tabs of one browser may be several people. Kept in the
 * tab's session storage, which ends with it.
 */

import {
  browserOutbox,
  ChatClient,
  type DeviceId,
  deviceId,
  randomDeviceId,
  type UserId,
  userId,
} from "@caffis/chat";

const ACCOUNT_KEY = "caffis.account";
const DEVICE_KEY = "caffis.device";
const AWAY_KEY = "caffis.away";

/** A person of the demo. */
export interface DemoUser {
  readonly user: UserId;
  readonly name: string;
}

/** How this tab gets its tokens: from the development server, or once from the person. */
export type Account =
  | { readonly type: "demo"; readonly user: string }
  | { readonly type: "token"; readonly token: string };

/** The people of the demo; null where the server is no development server. */
export async function demoUsers(signal: AbortSignal): Promise<readonly DemoUser[] | null> {
  const response = await fetch("/api/chat/dev/users", { signal });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const { users }: { users: readonly { user: string; name: string }[] } = await response.json();
  return users.map(({ user, name }) => ({ user: userId(user), name }));
}

/** Who was signed in in this tab before a reload. */
export function savedAccount(): Account | null {
  try {
    return JSON.parse(sessionStorage.getItem(ACCOUNT_KEY) ?? "null");
  } catch {
    return null;
  }
}

/** Remembers who is signed in, or that nobody is. */
export function saveAccount(account: Account | null): void {
  if (account) {
    sessionStorage.setItem(ACCOUNT_KEY, JSON.stringify(account));
  } else {
    sessionStorage.removeItem(ACCOUNT_KEY);
    sessionStorage.removeItem(AWAY_KEY);
  }
}

/** A client for an account; it connects at once. */
export function connect(account: Account): ChatClient {
  const client = new ChatClient({
    server: location.origin,
    application: "caffis-web/0.1",
    device: thisDevice(),
    getToken: (reason, signal) => token(account, reason === "refused", signal),
    outboxStorage: browserOutbox(),
  });
  // Away lasts over a reload.
  if (sessionStorage.getItem(AWAY_KEY)) client.setAway(true).catch(() => {});
  client.own.subscribe(() => {
    if (client.own.getSnapshot().away) sessionStorage.setItem(AWAY_KEY, "true");
    else sessionStorage.removeItem(AWAY_KEY);
  });
  const visible = () => client.setActive(document.visibilityState === "visible");
  const online = () => client.reconnectNow();
  // Say goodbye when the page closes, so that presence ends at once and not after a timeout.
  const hide = (event: PageTransitionEvent) => {
    if (!event.persisted) client.dispose();
  };
  visible();
  document.addEventListener("visibilitychange", visible);
  addEventListener("online", online);
  addEventListener("pagehide", hide);
  const ended = client.connection.subscribe(() => {
    if (client.connection.getSnapshot().phase !== "ended") return;
    ended();
    document.removeEventListener("visibilitychange", visible);
    removeEventListener("online", online);
    removeEventListener("pagehide", hide);
  });
  return client;
}

async function token(
  account: Account,
  refused: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  // A token that a person pasted cannot be renewed.
  if (account.type === "token") return refused ? null : account.token;
  const response = await fetch("/api/chat/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: account.user }),
    signal,
  });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const answer: { token: string } = await response.json();
  return answer.token;
}

function thisDevice(): DeviceId {
  const saved = sessionStorage.getItem(DEVICE_KEY);
  try {
    if (saved) return deviceId(saved);
  } catch {
    // Not a valid device id.
  }
  const device = randomDeviceId();
  sessionStorage.setItem(DEVICE_KEY, device);
  return device;
}
