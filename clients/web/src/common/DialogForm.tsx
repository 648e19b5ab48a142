import type { FormEvent, ReactNode } from "react";
import { Problem, useAction } from "../app/useAction.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import controls from "./controls.module.css";
import styles from "./DialogForm.module.css";

/** What a person fills in within a window: its fields, what went wrong, and the buttons that send it or give it up. */
export function DialogForm(props: {
  /** What the button says. */
  submit: string;
  testId: string;
  /** Whether it can be sent as it is. */
  ready: boolean;
  onSubmit(): Promise<unknown>;
  /** It was sent, or given up. */
  onDone(): void;
  children: ReactNode;
}) {
  const { t } = useI18n();
  const { submit, testId, ready, onSubmit, onDone, children } = props;
  const action = useAction();
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (ready && (await action.run(onSubmit))) onDone();
  };
  return (
    <form className={styles.form} noValidate onSubmit={(event) => void send(event)}>
      {children}
      <Problem action={action} />
      <div className={controls.line}>
        <button
          type="submit"
          className={controls.button}
          disabled={action.busy || !ready}
          data-testid={testId}
        >
          {submit}
        </button>
        <button type="button" className={`${controls.button} ${controls.soft}`} onClick={onDone}>
          {t.cancel}
        </button>
      </div>
    </form>
  );
}
