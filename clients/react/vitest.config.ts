import { defineConfig } from "vitest/config";

export default defineConfig({
  // The hooks are tested with the client's source, so that they never wait for a build of it.
  resolve: { conditions: ["source", "module", "browser", "import", "default"] },
  test: { environment: "happy-dom", include: ["test/**/*.test.{ts,tsx}"] },
});
