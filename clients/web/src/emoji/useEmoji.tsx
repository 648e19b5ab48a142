import { useEffect, useState } from "react";
import { type Language, useI18n } from "../i18n/i18n.tsx";
import { type Completed, OFFERED } from "../room/completion.ts";
import styles from "./Emoji.module.css";
import type { FoundEmoji } from "./find.ts";

type Find = (query: string) => readonly FoundEmoji[];

/** Loads how emoji are found by the names of one language. */
async function load(language: Language): Promise<Find> {
  const names = language === "en" ? import("./en.ts") : import("./it.ts");
  const [{ emojiNamed }, all] = await Promise.all([import("./find.ts"), names]);
  const ofLanguage = "en" in all ? all.en : all.it;
  return (query) => emojiNamed(query, ofLanguage, OFFERED);
}

/** Emoji by their names in the language of the page, which are loaded when a text first has a colon. */
export function useEmoji(text: string): Completed {
  const { t, language } = useI18n();
  const [loaded, setLoaded] = useState<readonly [Language, Find] | null>(null);
  const find = loaded?.[0] === language ? loaded[1] : null;
  const wanted = find === null && text.includes(":");
  useEffect(() => {
    if (!wanted) return;
    let shown = true;
    load(language).then(
      (found) => {
        if (shown) setLoaded([language, found]);
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
      (find?.(query) ?? []).map(({ emoji, name, also }) => ({
        ...{ id: emoji, name, hint: also, written: emoji },
        picture: (
          <span className={styles.picture} aria-hidden="true">
            {emoji}
          </span>
        ),
      })),
  };
}
