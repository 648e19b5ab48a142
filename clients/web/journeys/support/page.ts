/**
 * The page of a folder instead of the one in the server's binary, for quick work on the page:
 * `npm run build && CAFFIS_PAGE=dist npm run test:browser`.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "playwright-core";

/** Gives a page its files from the folder that the environment names, if it names one. */
export async function servePage(page: Page, url: string): Promise<void> {
  const folder = process.env.CAFFIS_PAGE;
  if (!folder) return;
  await page.route(
    (address) => address.origin === new URL(url).origin && !address.pathname.startsWith("/api/"),
    async (route) => {
      const { pathname } = new URL(route.request().url());
      const path = join(resolve(folder), pathname === "/" ? "index.html" : pathname);
      if (existsSync(path)) await route.fulfill({ path });
      else await route.continue();
    },
  );
}
