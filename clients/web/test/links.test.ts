import { expect, test } from "vitest";
import { splitLinks } from "../src/room/links.ts";

const linksIn = (text: string) =>
  splitLinks(text)
    .filter(({ href }) => href !== null)
    .map(({ text: shown, href }) => [shown, href]);

test("addresses of the web become links, and the text stays whole", () => {
  const text = "Ecco: https://a.example/x?y=1#z e www.caffis.example, ok";
  expect(linksIn(text)).toEqual([
    ["https://a.example/x?y=1#z", "https://a.example/x?y=1#z"],
    ["www.caffis.example", "https://www.caffis.example"],
  ]);
  expect(
    splitLinks(text)
      .map(({ text: part }) => part)
      .join(""),
  ).toBe(text);
  expect(splitLinks("")).toEqual([{ text: "", href: null }]);
});

test("punctuation after an address is not part of it, brackets within it are", () => {
  expect(linksIn("(https://a.example/b).")).toEqual([
    ["https://a.example/b", "https://a.example/b"],
  ]);
  expect(linksIn("https://a.example/caff%C3%A8_(bevanda)!")[0]?.[0]).toBe(
    "https://a.example/caff%C3%A8_(bevanda)",
  );
  expect(linksIn("«https://a.example» “https://b.example”…").map(([shown]) => shown)).toEqual([
    "https://a.example",
    "https://b.example",
  ]);
});

test("nothing else becomes a link", () => {
  for (const text of [
    "javascript:alert(1)",
    "https://",
    "https://giulia@b.example",
    "awww.nice",
    "xhttps://a.example",
    "ftp://a.example",
    "ciao.come stai",
  ]) {
    expect(linksIn(text), text).toEqual([]);
  }
});
