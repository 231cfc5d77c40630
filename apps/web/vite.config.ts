import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const stub = (name: string): string => fileURLToPath(new URL(`./src/stubs/${name}.ts`, import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react()],
  resolve: {
    conditions: ["@skein/source", "import", "module", "browser", "default"],
    // Streamdown brings an HTML parser for raw HTML, which is off here, and a merger of Tailwind classes, of which there
    // are none: 60 kB that no line of ours would ever run.
    alias: { "rehype-raw": stub("rehype-raw"), "tailwind-merge": stub("tailwind-merge") },
  },
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
