import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** In the order of their names: the walks share one demo brand, whose days one of them makes pass. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    return files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId));
  }
}

// Browser walks through the built product: one file after the other, in one browser, against one demo brand.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.walk.ts"],
    environment: "node",
    globalSetup: ["./setup.ts"],
    fileParallelism: false,
    sequence: { concurrent: false, sequencer: ByName },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    bail: 0,
  },
});
