/** Identifiers: strings of fixed width that TypeScript keeps apart. */

declare const brand: unique symbol;

/** A string that was checked to be an identifier of one kind. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A user: the main app's `sub` as it is, 1 to 64 bytes without control characters. */
export type UserId = Branded<"UserId">;

/** A room: 16 hexadecimal digits below 2^63. */
export type RoomId = Branded<"RoomId">;

/** Made by a client for one act and kept on every resend: 32 hexadecimal digits. */
export type ClientId = Branded<"ClientId">;

/** One connection of one device, made by the server: 32 hexadecimal digits. */
export type SessionId = Branded<"SessionId">;

/** One installation of a client, made by it and kept: 32 hexadecimal digits. */
export type DeviceId = Branded<"DeviceId">;

/** The secret of an invite link, made by a client: 32 hexadecimal digits. Whoever has it may join. */
export type InviteSecret = Branded<"InviteSecret">;

/** What the server keeps of the secret of an invite link: 32 hexadecimal digits. */
export type InviteDigest = Branded<"InviteDigest">;

const USER_ID_BYTES = 64;
const CONTROL = /\p{Cc}/u;
const ROOM = /^[0-7][0-9a-f]{15}$/;
const RANDOM = /^[0-9a-f]{32}$/;

function check<Id extends string>(good: boolean, text: string, expected: string): Id {
  if (!good) {
    throw new RangeError(`not ${expected}: ${JSON.stringify(text.slice(0, 80))}`);
  }
  return text as Id;
}

/** The text as a user id; throws `RangeError` when it cannot be one. */
export function userId(text: string): UserId {
  const short = text.length > 0 && text.length <= USER_ID_BYTES;
  const good =
    short && !CONTROL.test(text) && new TextEncoder().encode(text).length <= USER_ID_BYTES;
  return check(good, text, "a user id of 1 to 64 bytes without control characters");
}

/** The text as a room id; throws `RangeError` when it cannot be one. */
export function roomId(text: string): RoomId {
  return check(ROOM.test(text), text, "a room id of 16 hexadecimal digits below 2^63");
}

/** The text as a client id; throws `RangeError` when it cannot be one. */
export function clientId(text: string): ClientId {
  return check(RANDOM.test(text), text, "a client id of 32 hexadecimal digits");
}

/** The text as a session id; throws `RangeError` when it cannot be one. */
export function sessionId(text: string): SessionId {
  return check(RANDOM.test(text), text, "a session id of 32 hexadecimal digits");
}

/** The text as a device id; throws `RangeError` when it cannot be one. */
export function deviceId(text: string): DeviceId {
  return check(RANDOM.test(text), text, "a device id of 32 hexadecimal digits");
}

/** The text as the secret of an invite link; throws `RangeError` when it cannot be one. */
export function inviteSecret(text: string): InviteSecret {
  // The error does not repeat what may be most of a secret.
  if (!RANDOM.test(text)) throw new RangeError("not an invite's secret of 32 hexadecimal digits");
  return text as InviteSecret;
}

function randomHex(): string {
  let text = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
    text += byte.toString(16).padStart(2, "0");
  }
  return text;
}

/** A new client id. */
export function randomClientId(): ClientId {
  return randomHex() as ClientId;
}

/** A new secret of an invite link. */
export function randomInviteSecret(): InviteSecret {
  return randomHex() as InviteSecret;
}

/** A new device id. */
export function randomDeviceId(): DeviceId {
  return randomHex() as DeviceId;
}
