import { createContext, useContext } from "react";
import type { CustomContainerComponentProps, CustomItemComponentProps } from "virtua";
import styles from "./Timeline.module.css";

/** The context that the rows of a timeline need. */
export interface RowsState {
  readonly count: number;
  /** The row that Tab leads to. */
  readonly active: number;
  isMessage(index: number): boolean;
}

const Context = createContext<RowsState>({ count: 0, active: -1, isMessage: () => false });

/** Provides the rows with their context. */
export const RowsProvider = Context.Provider;

/** The list: as high as all items, but containing only those near the view. */
export function Rows({ ref, style, children }: CustomContainerComponentProps) {
  return (
    <ol ref={ref} className={styles.rows} style={style} data-testid="messages">
      {children}
    </ol>
  );
}

/** One item's place in the list. Only some items are in the page, so each says its position and the total. */
export function Row({ ref, style, index, children }: CustomItemComponentProps) {
  const { count, active, isMessage } = useContext(Context);
  return (
    <li
      ref={ref}
      style={style}
      className={styles.row}
      aria-setsize={count}
      aria-posinset={index + 1}
      data-index={index}
      tabIndex={index === active ? 0 : isMessage(index) ? -1 : undefined}
    >
      {children}
    </li>
  );
}
