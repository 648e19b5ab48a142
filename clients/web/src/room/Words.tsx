import { Fragment, type ReactNode } from "react";
import { splitLinks } from "./links.ts";
import styles from "./Words.module.css";

/** The words of a message, with links that lead out of the page; `draw` shows the words between them. */
export function Words({ text, draw }: { text: string; draw(part: string): ReactNode }) {
  return splitLinks(text).map(({ text: part, href }, index) =>
    href === null ? (
      <Fragment key={index}>{draw(part)}</Fragment>
    ) : (
      <a
        key={index}
        className={styles.link}
        href={href}
        target="_blank"
        rel="noopener noreferrer"
        data-testid="link"
      >
        {part}
      </a>
    ),
  );
}
