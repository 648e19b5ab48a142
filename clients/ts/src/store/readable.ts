/**
 * A value to read and to subscribe to, in the shape that React's `useSyncExternalStore` wants. Both
 * functions may be called without their object.
 */
export interface Readable<T> {
  /** The present value; the same object until it changes. */
  readonly getSnapshot: () => T;
  /** Calls back after every change; the answer ends the subscription. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** A value that its owner changes and others read. */
export class Cell<T> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Replaces the value and tells everyone, unless it is the same. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Replaces the value by a function of the present one. */
  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }
}
