import { expect, test } from "vitest";
import { useAction } from "../src/index.ts";
import { step, use } from "./render.tsx";

/** Something to do that ends when the test says so. */
function steps() {
  const started: { name: string; resolve: () => void; reject: (error: unknown) => void }[] = [];
  const act = (name: string) =>
    new Promise<void>((resolve, reject) => started.push({ name, resolve, reject }));
  return { started, act };
}

test("an action is busy while it is under way, and says that it was done", async () => {
  const { started, act } = steps();
  const hook = await use(useAction<[string]>, act);
  const { run } = hook.now;
  let done: Promise<boolean> | undefined;
  await step(() => {
    done = run("one");
  });
  expect(hook.now).toMatchObject({ busy: true, error: null });
  await step(() => started[0]?.resolve());
  expect(await done).toBe(true);
  expect(hook.now).toMatchObject({ busy: false, error: null });
  expect(hook.now.run).toBe(run);
});

test("a second run does nothing while the first is under way", async () => {
  const { started, act } = steps();
  const hook = await use(useAction<[string]>, act);
  let second: Promise<boolean> | undefined;
  await step(() => {
    void hook.now.run("one");
    second = hook.now.run("two");
  });
  expect(await second).toBe(false);
  expect(started.map(({ name }) => name)).toEqual(["one"]);
  await step(() => started[0]?.resolve());
  await step(() => void hook.now.run("three"));
  expect(started.map(({ name }) => name)).toEqual(["one", "three"]);
});

test("why it failed is kept until it is tried again", async () => {
  const { started, act } = steps();
  const hook = await use(useAction<[string]>, act);
  let done: Promise<boolean> | undefined;
  await step(() => {
    done = hook.now.run("one");
  });
  const error = new Error("refused");
  await step(() => started[0]?.reject(error));
  expect(await done).toBe(false);
  expect(hook.now).toMatchObject({ busy: false, error });
  await step(() => void hook.now.run("two"));
  expect(hook.now).toMatchObject({ busy: true, error: null });
});

test("parallel runs are busy until the last one has ended", async () => {
  const { started, act } = steps();
  const hook = await use(
    (act: (name: string) => Promise<void>) => useAction(act, { parallel: true }),
    act,
  );
  await step(() => {
    void hook.now.run("one");
    void hook.now.run("two");
  });
  expect(started.map(({ name }) => name)).toEqual(["one", "two"]);
  await step(() => started[1]?.resolve());
  expect(hook.now.busy).toBe(true);
  await step(() => started[0]?.resolve());
  expect(hook.now.busy).toBe(false);
});

test("the last function that was given runs, and what throws at once fails too", async () => {
  const hook = await use(useAction<[]>, async () => {});
  const error = new Error("at once");
  await hook.use(() => {
    throw error;
  });
  await step(() => hook.now.run());
  expect(hook.now.error).toBe(error);
});

test("an action may end after its component", async () => {
  const { started, act } = steps();
  const hook = await use(useAction<[string]>, act);
  let done: Promise<boolean> | undefined;
  await step(() => {
    done = hook.now.run("one");
  });
  await hook.end();
  started[0]?.resolve();
  expect(await done).toBe(true);
});
