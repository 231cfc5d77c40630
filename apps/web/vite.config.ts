import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react()],
  resolve: {
    conditions: ["@skein/source", "import", "module", "browser", "default"],
  },
  // The highlighter's grammars are files of their own, fetched by the worker.
  worker: { format: "es" },
  build: {
    target: "es2023",
    outDir: "dist",
    emptyOutDir: true,
    // The content security policy allows images from `data:`, but one kind of source is simpler to reason about.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "^/(_skein|_electric|coder|v1)/": {
        target: process.env["SKEIN_URL"] ?? "http://127.0.0.1:4437",
        changeOrigin: true,
      },
    },
  },
});
