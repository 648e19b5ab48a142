/** Renders hooks and components, in strict mode, and takes them away after their test. */

import type { ChatClient } from "@caffis/chat";
import { act, type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach } from "vitest";
import { ChatProvider } from "../src/index.ts";
import { settled } from "./server.ts";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

const roots: Root[] = [];
afterEach(() => {
  act(() => {
    for (const root of roots.splice(0)) root.unmount();
  });
  document.body.replaceChildren();
});

/** Lets everything happen that follows from something. */
export async function step(change: () => unknown = () => {}): Promise<void> {
  await act(async () => {
    await change();
    await settled();
  });
}

/** Something that is shown. */
export interface Shown {
  readonly element: HTMLElement;
  show(node: ReactNode): Promise<void>;
}

/** Shows something, with a client if there is one. */
export async function show(node: ReactNode, client: ChatClient | null = null): Promise<Shown> {
  const element = document.createElement("div");
  document.body.append(element);
  const root = createRoot(element);
  roots.push(root);
  const around = (inner: ReactNode) =>
    client ? <ChatProvider client={client}>{inner}</ChatProvider> : inner;
  const render = (inner: ReactNode) => {
    // Shown before anything else happens.
    act(() => root.render(<StrictMode>{around(inner)}</StrictMode>));
    return step();
  };
  await render(node);
  return { element, show: render };
}

/** What a hook gave. */
export interface Hooked<Props, Result> {
  /** What it gave last. */
  readonly now: Result;
  /** All that it gave, without what is the same as before. */
  readonly all: readonly Result[];
  /** Renders it again. */
  use(props: Props): Promise<void>;
  /** Takes it away. */
  end(): Promise<void>;
}

/** Uses a hook in a component of its own. */
export async function use<Props, Result>(
  hook: (props: Props) => Result,
  props: Props,
  client: ChatClient | null = null,
): Promise<Hooked<Props, Result>> {
  const all: Result[] = [];
  function Component({ props }: { props: Props }) {
    const result = hook(props);
    if (all.length === 0 || !Object.is(all.at(-1), result)) all.push(result);
    return null;
  }
  const shown = await show(<Component props={props} />, client);
  return {
    all,
    get now() {
      return all.at(-1) as Result;
    },
    use: (next) => shown.show(<Component props={next} />),
    end: () => shown.show(null),
  };
}
