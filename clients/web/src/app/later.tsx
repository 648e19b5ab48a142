/**
 * Views that are not part of the first load. All of them come at once, when the page is first idle, so that a click
 * does not wait for a slow line and the page keeps working after the connection is lost or the server is upgraded.
 * Once they are there they render like any other component, without a pause.
 */

import {
  type ComponentType,
  type ReactNode,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import controls from "../common/controls.module.css";
import { Dialog } from "../common/Dialog.tsx";
import { loadLanguages, useI18n } from "../i18n/i18n.tsx";

/** The latest that the views are asked for when the page is never idle, in milliseconds. */
const IDLE_MS = 2000;

type Views = typeof import("./views.ts");

let views: Views | null = null;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Loads the views, and the other languages for the settings among them. */
async function load(): Promise<void> {
  if (views) return;
  const [loaded] = await Promise.all([import("./views.ts"), loadLanguages()]);
  await loadStyles();
  views = loaded;
  for (const listener of [...listeners]) listener();
}

/** Asks again for style sheets that did not come, which the build's loader asks for only once. */
async function loadStyles(): Promise<void> {
  const links = [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")];
  const missing = links.filter((link) => !isApplied(link));
  await Promise.all(
    missing.map((link) => {
      const again = link.cloneNode() as HTMLLinkElement;
      return new Promise((resolve, reject) => {
        again.onload = resolve;
        again.onerror = reject;
        link.replaceWith(again);
      });
    }),
  );
}

/** Whether a style sheet is there. For one that did not come, browsers have none, or one that cannot be read. */
function isApplied({ sheet }: HTMLLinkElement): boolean {
  try {
    return (sheet?.cssRules.length ?? 0) > 0;
  } catch {
    return false;
  }
}

/** Loads the views when the page is idle, and again when the connection returns. */
export function preloadViews(): void {
  const start = () => {
    load().catch(() => addEventListener("online", start, { once: true }));
  };
  if ("requestIdleCallback" in window) requestIdleCallback(start, { timeout: IDLE_MS });
  else setTimeout(start, IDLE_MS);
}

/** Loads the views, or the page when the server answers without them: it was upgraded. */
async function loadAgain(): Promise<void> {
  try {
    await load();
  } catch (failure) {
    const { ok } = await fetch(location.pathname, { cache: "no-store" });
    if (!ok) throw failure;
    location.reload();
  }
}

/** A view that is loaded later. Nothing is shown until it is there, unless it cannot be loaded. */
export function laterView<Props extends object>(
  pick: (views: Views) => ComponentType<Props>,
): (props: Props & { onClose(): void }) => ReactNode {
  return function LaterView(props) {
    const loaded = useSyncExternalStore(subscribe, () => views);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      load().catch(() => setFailed(true));
    }, []);
    if (loaded) {
      const View = pick(loaded);
      return <View {...props} />;
    }
    return failed ? <NotLoaded onClose={props.onClose} /> : null;
  };
}

/** Says that a view could not be loaded, and offers to try again. */
function NotLoaded({ onClose }: { onClose(): void }) {
  const { t } = useI18n();
  const [busy, setBusy] = useState(false);
  const again = () => {
    setBusy(true);
    loadAgain().catch(() => setBusy(false));
  };
  return (
    <Dialog title={t.notLoaded} onClose={onClose}>
      <p role="alert">{t.notLoadedLead}</p>
      <button
        type="button"
        className={controls.button}
        aria-disabled={busy}
        data-testid="load-again"
        onClick={() => busy || again()}
      >
        {t.tryAgain}
      </button>
    </Dialog>
  );
}
