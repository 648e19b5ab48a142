import type { ChatClient, RoomId } from "@caffis/chat";
import { expect, test } from "vitest";
import { keepPlace, placeIn } from "../src/room/places.ts";

const client = () => ({}) as ChatClient;
const room = (name: string | number) => `${name}` as RoomId;

test("a place is kept for each conversation and person until its end is reached", () => {
  const [giulia, marco] = [client(), client()];
  keepPlace(giulia, room("a"), { key: "7", offset: 12 });
  keepPlace(giulia, room("b"), { key: "8", offset: 0 });
  expect(placeIn(giulia, room("a"))).toEqual({ key: "7", offset: 12 });
  expect(placeIn(marco, room("a"))).toBeUndefined();
  keepPlace(giulia, room("a"), null);
  expect([placeIn(giulia, room("a")), placeIn(giulia, room("b"))?.key]).toEqual([undefined, "8"]);
});

test("of many conversations those left longest ago are forgotten", () => {
  const giulia = client();
  for (let number = 0; number < 150; number += 1) {
    keepPlace(giulia, room(number), { key: "1", offset: 0 });
    keepPlace(giulia, room("0"), { key: "2", offset: 0 });
  }
  const kept = Array.from({ length: 150 }, (_, number) => placeIn(giulia, room(number)));
  expect(kept.filter(Boolean)).toHaveLength(100);
  expect([kept[0], kept[1], kept[149]].map(Boolean)).toEqual([true, false, true]);
});
