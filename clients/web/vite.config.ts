import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Puts a .br and a .gz beside each text of the build; the server sends them as they are. */
function compressed(): Plugin {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved({ root, build }) {
      folder = resolve(root, build.outDir);
    },
    closeBundle() {
      const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
      for (const name of names.filter((name) => /\.(html|js|css|json|svg|txt)$/.test(name))) {
        const path = join(folder, name);
        const bytes = readFileSync(path);
        const forms = { br: brotliCompressSync(bytes), gz: gzipSync(bytes, { level: 9 }) };
        for (const [ending, form] of Object.entries(forms)) {
          if (form.length < bytes.length) writeFileSync(`${path}.${ending}`, form);
        }
      }
    },
  };
}

export default defineConfig({
  // The page is built from the client's source, so that it never waits for a build of it.
  resolve: { conditions: ["source", "module", "browser", "import", "default"] },
  // `npx vite` beside a server that was started with `--origins http://localhost:5173`.
  server: {
    proxy: { "/api": { target: process.env.CAFFIS_SERVER ?? "http://localhost:5002", ws: true } },
  },
  plugins: [compressed()],
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["test/**/*.test.{ts,tsx}"] } },
      {
        extends: true,
        test: {
          name: "journeys",
          include: ["journeys/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        extends: true,
        test: { name: "figures", include: ["journeys/figures.ts"], hookTimeout: 90_000 },
      },
    ],
  },
});
