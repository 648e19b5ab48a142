import { type ActionOptions, useAction as useCommand, useConnection } from "@caffis/chat-react";
import { useState } from "react";
import controls from "../common/controls.module.css";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { explain } from "./chat.tsx";

/** Words for errors that mean something special here. */
export type Meanings = Partial<Readonly<Record<keyof Dictionary["errors"], string>>>;

/** A request to the server and its state. */
export interface Action {
  readonly busy: boolean;
  /** Why it did not happen, in words. */
  readonly error: string | null;
  /** Runs it; true when it succeeded. */
  run(act: () => Promise<unknown>, meanings?: Meanings): Promise<boolean>;
}

/** Runs requests to the server, one at a time unless they are `parallel`, and says in words why one failed. */
export function useAction(options?: ActionOptions): Action {
  const { t } = useI18n();
  const [meanings, setMeanings] = useState<Meanings>();
  const { busy, error, run } = useCommand((act: () => Promise<unknown>) => act(), options);
  return {
    busy,
    error: error === null ? null : explain(error, t, meanings),
    run(act, special) {
      setMeanings(special);
      return run(act);
    },
  };
}

/** Shows the error of an action, or that it waits for the connection. */
export function Problem({ action }: { action: Action }) {
  const { t } = useI18n();
  const { phase } = useConnection();
  if (action.error) {
    return (
      <p className={controls.error} role="alert">
        {action.error}
      </p>
    );
  }
  if (!action.busy || phase === "online") return null;
  return (
    <p className={controls.hint} role="status">
      {t.waitsForConnection}
    </p>
  );
}
