import { useState } from "react";
import { useChat, usePeople } from "../app/chat.tsx";
import { chooseTheme, chosenTheme, type Theme } from "../app/theme.ts";
import { Avatar } from "../common/Avatar.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { useReadable } from "../common/useReadable.ts";
import { type Language, useI18n } from "../i18n/i18n.tsx";
import styles from "./Settings.module.css";

/** Theme, language, and the way out. */
export function Settings({ onClose }: { onClose(): void }) {
  const { t, language, setLanguage } = useI18n();
  const { client, signOut } = useChat();
  const people = usePeople(t);
  const self = useReadable(client.self);
  const [theme, setTheme] = useState(chosenTheme);
  const change = (chosen: Theme) => {
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <Dialog title={t.settings} onClose={onClose}>
      {self && (
        <p className={styles.me}>
          <Avatar name={people.name(self)} seed={self} size="m" />
          <strong>{people.name(self)}</strong>
        </p>
      )}
      <Choice<Theme>
        legend={t.theme}
        name="theme"
        value={theme}
        options={[
          ["system", t.themeSystem],
          ["light", t.themeLight],
          ["dark", t.themeDark],
        ]}
        onChange={change}
      />
      <Choice<Language>
        legend={t.language}
        name="language"
        value={language}
        options={[
          ["en", "English"],
          ["it", "Italiano"],
        ]}
        onChange={setLanguage}
      />
      <button
        type="button"
        className={`${controls.button} ${controls.danger}`}
        data-testid="sign-out"
        onClick={signOut}
      >
        {t.signOut}
      </button>
    </Dialog>
  );
}

/** One of a few values, side by side. */
export function Choice<Value extends string>(props: {
  legend: string;
  /** Whether the legend is for screen readers only: something beside it says the same. */
  quiet?: boolean;
  name: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChange(value: Value): void;
}) {
  return (
    <fieldset className={styles.choice}>
      <legend className={props.quiet ? "visually-hidden" : controls.label}>{props.legend}</legend>
      <div className={styles.options}>
        {props.options.map(([value, label]) => (
          <label key={value} className={styles.option}>
            <input
              type="radio"
              name={props.name}
              value={value}
              checked={value === props.value}
              onChange={() => props.onChange(value)}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
