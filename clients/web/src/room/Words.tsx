import { Fragment, type ReactNode } from "react";
import { FoundText } from "../search/FoundText.tsx";
import { isEmojiOnly, markup, type Part } from "./markup.ts";
import styles from "./Words.module.css";

/** The words of a message with their light markup, and links that lead out of the page; `draw` shows plain words. */
export function Words({ text, draw }: { text: string; draw(part: string): ReactNode }) {
  const parts = drawParts(markup(text), draw);
  return isEmojiOnly(text) ? <span className={styles.large}>{parts}</span> : parts;
}

function drawParts(parts: readonly Part[], draw: (part: string) => ReactNode): ReactNode {
  return parts.map((part, index) => (
    <Fragment key={index}>
      {part.kind === "words" ? draw(part.text) : <Marked part={part} draw={draw} />}
    </Fragment>
  ));
}

function Marked({ part, draw }: { part: Part; draw(part: string): ReactNode }) {
  switch (part.kind) {
    case "words":
      return draw(part.text);
    case "code":
      return (
        <code className={styles.code}>
          <FoundText text={part.text} />
        </code>
      );
    case "link":
      return (
        <a
          className={styles.link}
          href={part.href}
          target="_blank"
          rel="noopener noreferrer"
          data-testid="link"
        >
          <FoundText text={part.text} />
        </a>
      );
    case "bold":
      return <strong>{drawParts(part.parts, draw)}</strong>;
    case "italic":
      return <em>{drawParts(part.parts, draw)}</em>;
    case "struck":
      return <s>{drawParts(part.parts, draw)}</s>;
  }
}
