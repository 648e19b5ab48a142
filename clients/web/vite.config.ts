import { defineConfig } from "vitest/config";

export default defineConfig({
  // The page is built from the client's source, so that it never waits for a build of it.
  resolve: { conditions: ["source", "module", "browser", "import", "default"] },
  // `npx vite` beside a server that was started with `--origins http://localhost:5173`.
  server: {
    proxy: { "/api": { target: process.env.CAFFIS_SERVER ?? "http://localhost:5002", ws: true } },
  },
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
    ],
  },
});
