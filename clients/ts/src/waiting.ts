/** Settles a promise from outside. */
export interface Settle<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * A promise that somebody else settles, or that rejects when the signal aborts first. `register` stores
 * it where it will be settled; the function that it returns removes it again.
 */
export function waiting<T>(
  signal: AbortSignal | undefined,
  register: (settle: Settle<T>) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const aborted = () => {
      unregister();
      reject(signal?.reason);
    };
    const settled = () => signal?.removeEventListener("abort", aborted);
    signal?.addEventListener("abort", aborted, { once: true });
    const unregister = register({
      resolve(value) {
        settled();
        resolve(value);
      },
      reject(error) {
        settled();
        reject(error);
      },
    });
  });
}
