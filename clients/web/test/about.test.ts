import { expect, test } from "vitest";
import { mapAddress, shownPhotos } from "../src/room/about.ts";

const nowhere = { name: null, address: null, coordinates: null };

test("a map shows coordinates, else what the place is called", () => {
  const cafe = { name: "Caffè Nero", address: "Via Dante 7, Milano", coordinates: "45.4642,9.19" };
  expect(mapAddress(cafe)).toBe(
    "https://www.openstreetmap.org/?mlat=45.4642&mlon=9.19#map=17/45.4642/9.19",
  );
  expect(mapAddress({ ...cafe, coordinates: null })).toBe(
    "https://www.openstreetmap.org/search?query=Caff%C3%A8%20Nero%2C%20Via%20Dante%207%2C%20Milano",
  );
  expect(mapAddress(nowhere)).toBeNull();
});

test("what is no place on a map is searched for, and never becomes part of an address", () => {
  for (const coordinates of ["", "91,0", "0,181", "a,b", "1", "javascript:alert(1),2"]) {
    expect(mapAddress({ ...nowhere, coordinates })).toBeNull();
    const named = mapAddress({ ...nowhere, name: "Nero", coordinates });
    expect(named).toBe("https://www.openstreetmap.org/search?query=Nero");
  }
});

test("pictures are shown once each, and only those that the page may load", () => {
  const [one, two] = ["https://example.org/1.jpg", "https://example.org/2.jpg"];
  expect(shownPhotos([one, "http://example.org/3.jpg", two, one])).toEqual([one, two]);
  expect(shownPhotos([])).toEqual([]);
});
