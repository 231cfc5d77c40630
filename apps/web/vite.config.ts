import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const stub = (name: string): string => fileURLToPath(new URL(`./src/stubs/${name}.ts`, import.meta.url));

const UNUSED = ["rehype-raw", "rehype-sanitize", "rehype-harden", "mdast-util-to-markdown", "marked", "tailwind-merge"];

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react()],
  resolve: {
    conditions: ["@skein/source", "import", "module", "browser", "default"],
    // Parts of Streamdown that no line of ours ever runs, 85 kB of them compressed: a parser and a sanitiser of raw HTML
    // (which is off here), a check of links (we have our own), a writer of Markdown, a second Markdown
    // parser that cuts blocks (ours does it in 40 lines), a merger of Tailwind classes. The
    // stand-ins throw when they are called.
    alias: Object.fromEntries(UNUSED.map((name) => [name, stub(name)])),
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
