/** Timers behind an interface, so that tests run on a clock of their own. */
export interface Timers {
  /** Calls back once after so many milliseconds; the answer cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Milliseconds on a clock that never goes back. */
  monotonic(): number;
}

/** The platform's timers. */
export const platformTimers: Timers = {
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  monotonic: () => performance.now(),
};

/** Resolves after so many milliseconds; rejects with the signal's reason when it aborts first. */
export function sleep(timers: Timers, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const aborted = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = timers.after(milliseconds, () => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    });
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
