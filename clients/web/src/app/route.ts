/**
 * What is shown: the list, a room, its details, a window above them. Each is a step in the browser's
 * history on top of the one before, so that Back goes one step up and never to a room that was left.
 */

import { type RoomId, roomId } from "@caffis/chat";
import { useSyncExternalStore } from "react";

/** A step: `list`, `room <id>`, `details`, `thread <root>` or `dialog <name>`. A path begins with the list. */
export type Path = readonly string[];

const LIST: Path = ["list"];
const PREFIX = "#/room/";
const DETAILS = "/details";

/** What a path shows. */
export interface Route {
  readonly room: RoomId | null;
  readonly details: boolean;
  /** The position of the root whose thread is shown beside the room, instead of its details. */
  readonly thread: number | null;
  /** The name of the window that is open. */
  readonly dialog: string | null;
}

/** What a path shows. Pure. */
export function routeOf(path: Path): Route {
  const room = path.find((step) => step.startsWith("room "))?.slice(5) ?? null;
  const dialog = path.find((step) => step.startsWith("dialog "))?.slice(7) ?? null;
  const root = path.find((step) => step.startsWith("thread "))?.slice(7);
  const thread = root === undefined ? null : Number(root);
  const details = thread === null && path.includes("details");
  return { room: room as RoomId | null, details, thread, dialog };
}

/** The path of a route. Pure. */
export function pathOf({ room, details, thread, dialog }: Route): Path {
  return [
    ...LIST,
    ...(room === null ? [] : [`room ${room}`]),
    ...(room !== null && details && thread === null ? ["details"] : []),
    ...(room !== null && thread !== null ? [`thread ${thread}`] : []),
    ...(dialog === null ? [] : [`dialog ${dialog}`]),
  ];
}

/** The way from one path to another: how many steps back, and which ones then. Pure. */
export function stepsBetween(from: Path, to: Path): { back: number; forward: Path } {
  let common = 0;
  while (common < from.length && from[common] === to[common]) common += 1;
  return { back: from.length - common, forward: to.slice(common) };
}

/** The path that an address names. Pure. */
export function pathOfHash(hash: string): Path {
  if (!hash.startsWith(PREFIX)) return LIST;
  const rest = hash.slice(PREFIX.length);
  const details = rest.endsWith(DETAILS);
  try {
    const room = roomId(details ? rest.slice(0, -DETAILS.length) : rest);
    return pathOf({ room, details, thread: null, dialog: null });
  } catch {
    return LIST;
  }
}

/** The address of a path; windows have none of their own. Pure. */
export function hashOf(path: Path): string {
  const { room, details } = routeOf(path);
  return room === null ? "#/" : `${PREFIX}${room}${details ? DETAILS : ""}`;
}

/** The browser's history, as far as paths need it. */
export interface Browser {
  /** What was stored with the present entry, and its address. */
  state(): unknown;
  hash(): string;
  push(state: unknown, hash: string): void;
  replace(state: unknown, hash: string): void;
  /** Goes so many entries back; `moved` is called afterwards. */
  back(entries: number): void;
  /** Calls back when the person, or {@link Browser.back}, went to another entry. */
  onMoved(moved: () => void): void;
}

/** Keeps the browser's history in step with what is shown. */
export class Navigator {
  readonly #browser: Browser;
  readonly #listeners = new Set<() => void>();
  /** The entries of the browser up to the present one. */
  #entries: Path;
  /** What is shown; ahead of the entries while the browser goes back. */
  #path: Path;
  #route: Route;
  #goingBack = false;

  constructor(browser: Browser) {
    this.#browser = browser;
    const kept = pathIn(browser.state());
    const wanted = kept ?? pathOfHash(browser.hash());
    this.#entries = kept ?? LIST;
    if (!kept) browser.replace({ path: LIST }, hashOf(LIST));
    this.#path = wanted;
    this.#route = routeOf(wanted);
    browser.onMoved(() => this.#moved());
    // A window does not outlive the page that it was opened on.
    this.#show(pathOf({ ...this.#route, dialog: null }));
  }

  readonly getSnapshot = (): Route => this.#route;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Shows something else. */
  go(change: Partial<Route>): void {
    this.#show(pathOf({ ...this.#route, ...change }));
  }

  #show(path: Path): void {
    this.#path = path;
    this.#settle();
    this.#tell();
  }

  /** Moves the browser's entries to the path, unless it is still going back. */
  #settle(): void {
    if (this.#goingBack) return;
    const { back, forward } = stepsBetween(this.#entries, this.#path);
    if (back > 0) {
      this.#goingBack = true;
      this.#entries = this.#entries.slice(0, -back);
      this.#browser.back(back);
      return;
    }
    for (const step of forward) {
      this.#entries = [...this.#entries, step];
      this.#browser.push({ path: this.#entries }, hashOf(this.#entries));
    }
  }

  #moved(): void {
    const kept = pathIn(this.#browser.state());
    if (this.#goingBack) {
      this.#goingBack = false;
      // The browser may make one move of this and of the person's own Back.
      const further = kept !== null && kept.length < this.#entries.length;
      this.#entries = kept ?? this.#entries;
      if (further) this.#path = kept;
      this.#settle();
      this.#tell();
      return;
    }
    if (kept) {
      this.#entries = kept;
      this.#path = kept;
    } else {
      // The person edited the address: that is a new entry on top of the others.
      const path = pathOfHash(this.#browser.hash());
      this.#entries = [...this.#entries, "address"];
      this.#browser.replace({ path: this.#entries }, hashOf(path));
      this.#path = path;
      this.#settle();
    }
    this.#tell();
  }

  #tell(): void {
    const route = routeOf(this.#path);
    const { room, details, thread, dialog } = this.#route;
    const same = route.room === room && route.details === details && route.dialog === dialog;
    if (same && route.thread === thread) return;
    this.#route = route;
    for (const listener of [...this.#listeners]) listener();
  }
}

function pathIn(state: unknown): Path | null {
  const path = (state as { path?: unknown } | null)?.path;
  return Array.isArray(path) && path[0] === "list" ? path : null;
}

let navigator: Navigator | undefined;

/** The navigator of this page. */
function thePage(): Navigator {
  navigator ??= new Navigator({
    state: () => history.state,
    hash: () => location.hash,
    push: (state, hash) => history.pushState(state, "", hash),
    replace: (state, hash) => history.replaceState(state, "", hash),
    back: (entries) => history.go(-entries),
    onMoved: (moved) => addEventListener("popstate", moved),
  });
  return navigator;
}

/** What is shown. */
export function useRoute(): Route {
  const { subscribe, getSnapshot } = thePage();
  return useSyncExternalStore(subscribe, getSnapshot);
}

/** Shows a room, or the list; windows close, and details stay open beside another room. */
export function goTo(room: RoomId | null): void {
  thePage().go({ room, thread: null, dialog: null, ...(room === null && { details: false }) });
}

/** Shows or hides the details of the room. */
export function showDetails(details: boolean): void {
  thePage().go({ details, thread: null, dialog: null });
}

/** Shows a thread of a room beside it, or null for no thread. */
export function showThread(room: RoomId, thread: number | null): void {
  thePage().go({ room, thread, details: false, dialog: null });
}

/** Opens a window; the component that shows it looks for its name in the route. */
export function openDialog(dialog: string): void {
  thePage().go({ dialog });
}

/** Closes the window that is open. */
export function closeDialog(): void {
  thePage().go({ dialog: null });
}

/** The address of a room, for links. */
export function roomAddress(room: RoomId): string {
  return hashOf(pathOf({ room, details: false, thread: null, dialog: null }));
}

let steps = 0;

/**
 * Makes a window or a menu that has no name a step of its own, which Back leaves: `onLeft` closes it then. Gives what
 * ends the step when it closes by itself. Within a window that has a name there is no further step.
 */
export function holdStep(onLeft: () => void): () => void {
  const page = thePage();
  if (page.getSnapshot().dialog !== null) return () => {};
  steps += 1;
  const dialog = `step ${steps}`;
  page.go({ dialog });
  const isThere = () => page.getSnapshot().dialog === dialog;
  const forget = page.subscribe(() => {
    if (isThere()) return;
    forget();
    onLeft();
  });
  return () => {
    forget();
    if (isThere()) page.go({ dialog: null });
  };
}
