/** Whether a view follows its end: it does until the person, and nobody else, moves it up. Pure. */

/** Within this distance of the end, the view counts as being at the end, in pixels. */
export const NEAR_END = 48;

/** How long after an input a move of the view is the person's, in milliseconds: a fling and a busy page are late. */
export const HAND_MS = 2_000;

/** Where a view is: how far it is from the top, and how far from the end, in pixels. */
export interface Extent {
  readonly top: number;
  readonly gap: number;
}

/** An input, as far as it says whether it moves the view. */
export interface Input {
  readonly type: string;
  readonly deltaY?: number;
  readonly key?: string;
  readonly buttons?: number;
}

/** Keys that only lead down. */
const DOWN: ReadonlySet<string> = new Set(["ArrowDown", "PageDown", "End", "Enter", "Escape"]);

/** Whether an input may move the view up. */
export function mayMoveUp({ type, deltaY = 0, key = "", buttons = 0 }: Input): boolean {
  switch (type) {
    case "wheel":
      return deltaY < 0;
    case "keydown":
      return !DOWN.has(key);
    case "pointermove":
      return buttons !== 0;
    default:
      return type === "touchmove" || type === "pointerdown" || type === "focusin";
  }
}

/** Follows the end of a view. */
export class Following {
  #following = true;
  #last: Extent | null = null;
  #moved = Number.NEGATIVE_INFINITY;
  /** Whether a button is held down, maybe on the scrollbar. */
  #held = false;

  /** Whether the end stays in view. */
  get on(): boolean {
    return this.#following;
  }

  /** Whether the sizes of what is shown are known. */
  get known(): boolean {
    return this.#last !== null;
  }

  /** Somebody led the view to its end, or elsewhere. */
  set(following: boolean): void {
    this.#following = following;
  }

  /** The person did something in the view. */
  input(input: Input, time: number): void {
    if (input.type === "pointerdown") this.#held = true;
    if (mayMoveUp(input)) this.#moved = time;
  }

  /** The person let go. */
  released(time: number): void {
    if (this.#held) this.#moved = time;
    this.#held = false;
  }

  /**
   * The view has moved, or what it shows has grown. Positions alone do not tell a person's move from what a list does
   * while it measures its items: without an input it goes on following. `ends` says whether its end is the real one.
   */
  look(now: Extent, ends: boolean, time: number): void {
    const was = this.#last;
    this.#last = now;
    const byHand = this.#held || time - this.#moved < HAND_MS;
    if (now.gap < NEAR_END && ends) this.#following = true;
    // When items above are measured, both change by the same amount: nobody scrolled.
    else if (byHand && was && now.top < was.top && now.gap > was.gap) this.#following = false;
  }
}
