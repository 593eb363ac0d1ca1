import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  test: {
    environment: "happy-dom",
    include: ["{packages/*,console,phone,shop}/src/**/*.test.{ts,tsx}"],
    setupFiles: ["./packages/ui/src/test-setup.ts"],
    css: { modules: { classNameStrategy: "non-scoped" } },
  },
});
