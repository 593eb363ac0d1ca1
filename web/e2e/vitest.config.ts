import { defineConfig } from "vitest/config";

// Browser walks through the built product: one file after the other, in one browser, against one demo brand.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.walk.ts"],
    environment: "node",
    globalSetup: ["./setup.ts"],
    fileParallelism: false,
    sequence: { concurrent: false },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    bail: 0,
  },
});
