/** Invite links: addresses, and how they stand in the list. */

import { type InviteLink, inviteOf, inviteSecret, inviteText, roomId, userId } from "@caffis/chat";
import { expect, test } from "vitest";
import { stateOf } from "../src/details/invites.ts";
import { inviteAddress, invitedBy } from "../src/join/pending.ts";

const LINK: InviteLink = {
  room: roomId("00000000000000a1"),
  secret: inviteSecret("0123456789abcdef0123456789abcdef"),
};

test("a link is an address, and the address the link", () => {
  const address = inviteAddress("https://chat.example", LINK);
  expect(address).toBe(
    "https://chat.example/#join=00000000000000a1.0123456789abcdef0123456789abcdef",
  );
  expect(invitedBy(new URL(address).hash)).toEqual(LINK);
});

test("what is no whole link is broken, and other addresses invite to nothing", () => {
  const text = inviteText(LINK);
  for (const wrong of ["", ".", text.slice(0, -1), `${text}0`, `${text}.0`, text.toUpperCase()]) {
    expect(inviteOf(wrong), wrong).toBeNull();
    expect(invitedBy(`#join=${wrong}`), wrong).toBe("broken");
  }
  for (const other of ["", "#/", "#/room/00000000000000a1", `#${text}`]) {
    expect(invitedBy(other), other).toBeNull();
  }
});

test("a link is good until it is revoked, ends or is used up", () => {
  const invite = {
    ...{ invite: 5, by: userId("giulia"), made: 0, expires: 100 as number | null },
    ...{ maxUses: 2, uses: 1, name: null, revoked: false },
  };
  expect(stateOf(invite, 99)).toBe("good");
  expect(stateOf(invite, 100)).toBe("expired");
  expect(stateOf({ ...invite, expires: null }, 1e15)).toBe("good");
  expect(stateOf({ ...invite, uses: 2 }, 99)).toBe("used");
  expect(stateOf({ ...invite, uses: 2, maxUses: 0 }, 99)).toBe("good");
  expect(stateOf({ ...invite, revoked: true }, 100)).toBe("revoked");
});
