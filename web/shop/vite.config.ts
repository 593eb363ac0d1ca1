import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The Go server that `npm run dev` talks to.
const api = process.env.HUOSHUI_API ?? "http://127.0.0.1:8080";
const proxy = { target: api, changeOrigin: false };

export default defineConfig({
  base: "/shop/",
  plugins: [react()],
  server: { port: 5175, proxy: { "/api": proxy, "/media": proxy, "/sim": proxy } },
  // The manifest tells the server which files a page needs, so that it can name them in the first answer.
  build: { target: "es2022", sourcemap: false, manifest: "manifest.json" },
});
