import { type FormEvent, useState } from "react";
import type { Account, DemoUser } from "../app/account.ts";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./SignIn.module.css";

/** Choose a person of the demo, or paste a token. */
export function SignIn(props: {
  /** Undefined while it is not known whether there are any. */
  demo: readonly DemoUser[] | null | undefined;
  /** Why the last session ended. */
  refusal: string | null;
  /** Whether somebody came by an invite link. */
  invited: boolean;
  onChoose(account: Account): void;
}) {
  const { t } = useI18n();
  const { demo, refusal, invited, onChoose } = props;
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim()) onChoose({ type: "token", token: token.trim() });
  };
  return (
    <main className={styles.screen}>
      <section className={styles.card} aria-labelledby="sign-in-title">
        <span className={styles.mark}>
          <Icon name="cup" size={30} />
        </span>
        <h1 id="sign-in-title" className={styles.title}>
          {t.signInTitle}
        </h1>
        {invited ? (
          <p className={styles.lead}>{t.joinSignIn}</p>
        ) : (
          demo && <p className={styles.lead}>{t.signInLead}</p>
        )}
        {refusal && (
          <p className={controls.error} role="alert">
            {refusal}
          </p>
        )}
        {demo && (
          <ul className={styles.people} aria-label={t.demoUsers}>
            {demo.map(({ user, name }) => (
              <li key={user}>
                <button
                  type="button"
                  className={styles.person}
                  data-testid={`user-${user}`}
                  aria-label={t.signInAs(name)}
                  onClick={() => onChoose({ type: "demo", user })}
                >
                  <Avatar name={name} seed={user} size="m" />
                  <span>{name}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
        {demo !== undefined && (
          <form className={styles.form} onSubmit={submit}>
            {demo && <p className={styles.or}>{t.orToken}</p>}
            <label className={controls.label} htmlFor="token">
              {t.token}
            </label>
            <div className={styles.row}>
              <input
                id="token"
                className={controls.field}
                data-testid="token"
                value={token}
                onChange={(event) => setToken(event.target.value)}
                autoComplete="off"
                spellCheck={false}
              />
              <button type="submit" className={controls.button} disabled={!token.trim()}>
                {t.useToken}
              </button>
            </div>
          </form>
        )}
      </section>
    </main>
  );
}
