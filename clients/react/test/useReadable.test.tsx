import type { Readable } from "@caffis/chat";
import { expect, test } from "vitest";
import { useReadable } from "../src/index.ts";
import { step, use } from "./render.tsx";

/** A value that the test changes, and who listens to it. */
function cell<T>(value: T) {
  const listeners = new Set<() => void>();
  const readable: Readable<T> = {
    getSnapshot: () => value,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const set = (next: T) => {
    value = next;
    for (const listener of listeners) listener();
  };
  return { readable, set, listeners };
}

test("a value is followed, and nobody listens any more at the end", async () => {
  const { readable, set, listeners } = cell(1);
  const hook = await use(useReadable<number>, readable);
  await step(() => set(2));
  expect(hook.all).toEqual([1, 2]);
  expect(listeners.size).toBe(1);
  await hook.end();
  expect(listeners.size).toBe(0);
});

test("another value takes the place of the one before", async () => {
  const [one, two] = [cell("one"), cell("two")];
  const hook = await use(useReadable<string>, one.readable);
  await hook.use(two.readable);
  await step(() => one.set("late"));
  expect(hook.all).toEqual(["one", "two"]);
  expect(one.listeners.size).toBe(0);
});

test("a part renders again only when it changes", async () => {
  const { readable, set } = cell({ name: "Sabato", unread: 1 });
  let renders = 0;
  const hook = await use(() => {
    renders += 1;
    return useReadable(readable, ({ name }) => name);
  }, undefined);
  const before = renders;
  await step(() => set({ name: "Sabato", unread: 2 }));
  expect(renders).toBe(before);
  await step(() => set({ name: "Domenica", unread: 2 }));
  expect(hook.all).toEqual(["Sabato", "Domenica"]);
});
