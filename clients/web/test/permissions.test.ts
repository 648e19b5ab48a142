import type { Role } from "@caffis/chat";
import { expect, test } from "vitest";
import {
  mayAdd,
  mayDescribe,
  mayHandOver,
  mayRemove,
  mayWrite,
  moderates,
  rolesToGive,
} from "../src/details/permissions.ts";

const ACTORS: readonly (Role | null)[] = ["owner", "admin", "moderator", "member", "guest", null];

/** For whom of the actors something holds. */
function who(holds: (actor: Role | null) => boolean): readonly (Role | null)[] {
  return ACTORS.filter(holds);
}

test("guests do not write, and moderators look after what is written", () => {
  expect(who(mayWrite)).toEqual(["owner", "admin", "moderator", "member", null]);
  expect(who(moderates)).toEqual(["owner", "admin", "moderator"]);
});

test("owners and admins add members", () => {
  expect(who(mayAdd)).toEqual(["owner", "admin"]);
});

test("owners and admins say what a room is called and what it is for", () => {
  expect(who(mayDescribe)).toEqual(["owner", "admin"]);
});

test("nobody removes somebody above them", () => {
  const removes = (target: Role) => who((actor) => mayRemove(actor, target));
  expect(removes("owner")).toEqual(["owner"]);
  expect(removes("admin")).toEqual(["owner", "admin"]);
  expect(removes("moderator")).toEqual(["owner", "admin"]);
  expect(removes("member")).toEqual(["owner", "admin", "moderator"]);
  expect(removes("guest")).toEqual(["owner", "admin", "moderator"]);
});

test("admins give and take roles below the owner's", () => {
  const below: readonly Role[] = ["guest", "member", "moderator", "admin"];
  expect(rolesToGive("owner", "owner")).toEqual([...below, "owner"]);
  expect(rolesToGive("admin", "member")).toEqual(below);
  expect(rolesToGive("admin", "owner")).toEqual([]);
  for (const actor of ["moderator", "member", "guest", null] as const) {
    expect(rolesToGive(actor, "member")).toEqual([]);
  }
});

test("owners hand a room over to who does not own it", () => {
  expect(who((actor) => mayHandOver(actor, "member"))).toEqual(["owner"]);
  expect(who((actor) => mayHandOver(actor, "owner"))).toEqual([]);
});
