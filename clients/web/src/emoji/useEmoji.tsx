import { useEffect, useState } from "react";
import { type Language, useI18n } from "../i18n/i18n.tsx";
import { type Completed, OFFERED } from "../room/completion.ts";
import styles from "./Emoji.module.css";
import type { EmojiNames } from "./en.ts";
import { emojiNamed } from "./find.ts";

const NAMES: Readonly<Record<Language, () => Promise<EmojiNames>>> = {
  en: async () => (await import("./en.ts")).en,
  it: async () => (await import("./it.ts")).it,
};

/** Emoji by their names in the language of the page, which are loaded when a text first has a colon. */
export function useEmoji(text: string): Completed {
  const { t, language } = useI18n();
  const [loaded, setLoaded] = useState<readonly [Language, EmojiNames] | null>(null);
  const names = loaded?.[0] === language ? loaded[1] : null;
  const wanted = names === null && text.includes(":");
  useEffect(() => {
    if (!wanted) return;
    let shown = true;
    NAMES[language]().then(
      (all) => {
        if (shown) setLoaded([language, all]);
      },
      () => {
        // Without a connection no emoji are offered; the next text with a colon tries again.
      },
    );
    return () => {
      shown = false;
    };
  }, [wanted, language]);
  return {
    ...{ kind: "emoji", sign: ":", label: t.emoji },
    offersFor: (query) =>
      emojiNamed(query, names ?? {}, OFFERED).map(({ emoji, name, also }) => ({
        ...{ id: emoji, name, hint: also, written: emoji },
        picture: (
          <span className={styles.picture} aria-hidden="true">
            {emoji}
          </span>
        ),
      })),
  };
}
