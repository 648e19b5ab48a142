import { useChat, useOwn, useSelf } from "@caffis/chat-react";
import { useState } from "react";
import { usePage, usePeople } from "../app/chat.tsx";
import { chooseTheme, chosenTheme, type Theme } from "../app/theme.ts";
import { Problem, useAction } from "../app/useAction.tsx";
import { Avatar } from "../common/Avatar.tsx";
import { Choice } from "../common/Choice.tsx";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { Switch } from "../common/Switch.tsx";
import { type Language, useI18n } from "../i18n/i18n.tsx";
import styles from "./Settings.module.css";
import { StatusForm } from "./StatusForm.tsx";

/** Status and presence, theme, language, and signing out. */
export function Settings({ onClose }: { onClose(): void }) {
  const { t, language, setLanguage } = useI18n();
  const { signOut } = usePage();
  const [theme, setTheme] = useState(chosenTheme);
  const change = (chosen: Theme) => {
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <Dialog title={t.settings} onClose={onClose}>
      <Myself />
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

/** What others see of this person. */
function Myself() {
  const { t } = useI18n();
  const client = useChat();
  const people = usePeople(t);
  const self = useSelf();
  const { away, privateReceipts } = useOwn();
  const action = useAction({ parallel: true });
  if (!self) return null;
  return (
    <>
      <div className={styles.me}>
        <Avatar
          name={people.name(self)}
          seed={self}
          size="l"
          availability={people.availability(self)}
        />
        <p className={styles.name}>
          <strong>{people.name(self)}</strong>
          <small data-testid="availability">{t[people.availability(self)]}</small>
        </p>
      </div>
      <StatusForm />
      <div className={styles.switches}>
        <Switch
          label={t.awayLabel}
          hint={t.awayHint}
          checked={away}
          testId="away"
          onChange={(on) => void action.run(() => client.setAway(on))}
        />
        <Switch
          label={t.privateReceipts}
          hint={t.privateReceiptsHint}
          checked={privateReceipts}
          testId="private-receipts"
          onChange={(on) => void action.run(() => client.setPrivateReceipts(on))}
        />
      </div>
      <Problem action={action} />
    </>
  );
}
