import { useEffect, useRef, useState } from "react";
import controls from "../common/controls.module.css";
import { useReadable } from "../common/useReadable.ts";
import type { Dictionary } from "../i18n/en.ts";
import { useI18n } from "../i18n/i18n.tsx";
import { explain, useChat } from "./chat.tsx";

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

/** Runs one request to the server at a time. */
export function useAction(): Action {
  const { t } = useI18n();
  const [state, setState] = useState({ busy: false, error: null as string | null });
  const shown = useRef(true);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  const run = async (act: () => Promise<unknown>, meanings?: Meanings) => {
    setState({ busy: true, error: null });
    try {
      await act();
      if (shown.current) setState({ busy: false, error: null });
      return true;
    } catch (failure) {
      if (shown.current) setState({ busy: false, error: explain(failure, t, meanings) });
      return false;
    }
  };
  return { ...state, run };
}

/** Shows the error of an action, or that it waits for the connection. */
export function Problem({ action }: { action: Action }) {
  const { t } = useI18n();
  const { client } = useChat();
  const { phase } = useReadable(client.connection);
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
