/** Whether people with any sight, hand or reader can use what a page shows, as far as axe can tell. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Waits until nothing moves or fades, so that colours and places are final. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (;;) {
      const running = document
        .getAnimations()
        .filter((each) => each.playState === "running")
        // What turns for ever never gets there.
        .filter((each) => each.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
      if (running.length === 0) return;
      // What is taken away meanwhile is not finished, and not in the picture.
      await Promise.all(running.map((each) => each.finished.catch(() => null)));
    }
  });
}

/** What axe finds wrong with a page that has come to rest: a line for each element. */
export async function violations(page: Page): Promise<string[]> {
  await settled(page);
  await page.evaluate(await readFile(AXE, "utf8"));
  return page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const found = await axe.run(document, { runOnly: { type: "tag", values: tags } });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`),
    );
  }, RULES);
}
