import { createContext, useContext } from "react";
import type { CustomContainerComponentProps, CustomItemComponentProps } from "virtua";
import styles from "./Timeline.module.css";

/** What the rows of a timeline have to know beside their item. */
export interface RowsState {
  readonly count: number;
  /** The row that Tab leads to. */
  readonly active: number;
  isMessage(index: number): boolean;
}

const Context = createContext<RowsState>({ count: 0, active: -1, isMessage: () => false });

/** Gives the rows what they have to know. */
export const RowsProvider = Context.Provider;

/** The list: as high as all items, with only those in it that are near. */
export function Rows({ ref, style, children }: CustomContainerComponentProps) {
  return (
    <ol ref={ref} style={style} data-testid="messages">
      {children}
    </ol>
  );
}

/** One item's place in the list. Only some are in the page: each says which of how many it is. */
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
