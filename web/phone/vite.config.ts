import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The Go server that `npm run dev` talks to.
const api = process.env.HUOSHUI_API ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/phone/",
  plugins: [react()],
  server: { port: 5174, proxy: { "/api": { target: api, changeOrigin: false } } },
  build: { target: "es2022", sourcemap: false },
});
