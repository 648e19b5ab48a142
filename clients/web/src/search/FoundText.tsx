import { createContext, Fragment, useContext } from "react";
import styles from "./FoundText.module.css";
import { splitFound } from "./found.ts";

/** No words. */
export const NOTHING_FOUND: readonly string[] = [];

const Words = createContext(NOTHING_FOUND);

/** Says which words the texts within mark: those that were found in a message. */
export const FoundWords = Words.Provider;

/** A text of a message. What a search has found in it is marked while the result is shown. */
export function FoundText({ text }: { text: string }) {
  const words = useContext(Words);
  if (words.length === 0) return text;
  return splitFound(text, words).map((part, index) =>
    part.found ? (
      <mark key={index} className={styles.found} data-testid="found">
        {part.text}
      </mark>
    ) : (
      <Fragment key={index}>{part.text}</Fragment>
    ),
  );
}
