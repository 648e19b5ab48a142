/** A token in an address is taken; everything else is left alone. */

import { expect, test } from "vitest";
import { handedOver } from "../src/sign-in/handedOver.ts";

test("a token and a room are taken out of the address", () => {
  expect(handedOver("#token=a.b-c_d&room=00000000000000a1")).toEqual({
    token: "a.b-c_d",
    hash: "#/room/00000000000000a1",
  });
  expect(handedOver("#token=a.b.c")).toEqual({ token: "a.b.c", hash: "#/" });
});

test("a room that is none leads to the list", () => {
  expect(handedOver("#token=a.b.c&room=nowhere")?.hash).toBe("#/");
});

test("other addresses hand nothing over", () => {
  for (const hash of ["", "#/", "#/room/00000000000000a1", "#token=", "#room=a&token=b"]) {
    expect(handedOver(hash), hash).toBeNull();
  }
});
