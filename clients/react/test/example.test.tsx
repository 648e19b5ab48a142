import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Chat } from "../example/App.tsx";
import { show, step } from "./render.tsx";
import { ChatServer, start } from "./server.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

test("the example is the one of the README", () => {
  const [, block] = /```tsx\n([\s\S]*?)```/.exec(read("../README.md")) ?? [];
  expect(block).toBe(read("../example/App.tsx"));
});

test("in the example somebody opens a room, reads and answers", async () => {
  const server = new ChatServer();
  server.write("Ciao!");
  const { element } = await show(<Chat />, start(server));
  const find = <E extends Element>(selector: string) => {
    const found = element.querySelector<E & HTMLElement>(selector);
    if (!found) throw new Error(`there is no ${selector}`);
    return found;
  };
  expect(find("[role=status]").textContent).toBe("online");
  const room = find("nav button");
  expect(room.textContent).toBe("Sabato (1)");
  await step(() => room.click());
  expect(find("ol").textContent).toContain("Ciao!");
  expect(room.textContent?.trim()).toBe("Sabato");

  const field = find<HTMLInputElement>("input");
  // React overrides the setter of the element to know what it has written itself.
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value") ?? {};
  await step(() => {
    set?.call(field, "Eccomi");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  expect(server.link.signals).toHaveLength(1);
  await step(() => find("form button").click());
  expect(find("li:last-child").textContent?.trim()).toBe("Giulia Eccomi");
  expect(field.value).toBe("");
});
