import type { Role } from "@caffis/chat";
import { expect, test } from "vitest";
import { mayAdd, mayRemove, rolesToGive } from "../src/details/permissions.ts";

const ACTORS: readonly (Role | null)[] = ["owner", "admin", "member", null];

test("owners and admins add members", () => {
  expect(ACTORS.map(mayAdd)).toEqual([true, true, false, false]);
});

test("nobody removes somebody above them", () => {
  const removes = (target: Role) => ACTORS.map((actor) => mayRemove(actor, target));
  expect(removes("owner")).toEqual([true, false, false, false]);
  expect(removes("admin")).toEqual([true, true, false, false]);
  expect(removes("member")).toEqual([true, true, false, false]);
});

test("admins give and take roles below the owner's", () => {
  expect(rolesToGive("owner", "owner")).toEqual(["member", "admin", "owner"]);
  expect(rolesToGive("admin", "member")).toEqual(["member", "admin"]);
  expect(rolesToGive("admin", "owner")).toEqual([]);
  expect(rolesToGive("member", "member")).toEqual([]);
  expect(rolesToGive(null, "member")).toEqual([]);
});
