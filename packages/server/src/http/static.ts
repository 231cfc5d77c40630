import { readFile, realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";

export interface StaticFiles {
  /** The web app's answer; `undefined` when the request is not for it. */
  serve(request: Request, path: string): Promise<Response | undefined>;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".map": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

/** Names that carry a hash of their content never change. */
const IMMUTABLE = "public, max-age=31536000, immutable";
/** Paths of the API are never answered with the app. */
const API = /^\/(_skein|_electric|v1)(\/|$)/;
/** Files stand at the top or under `/assets`, so most requests of the API never touch the disk. */
const SAFE_PATH = /^(?:\/assets)?\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/;

/**
 * The built web app. Files are served as they are; a browser that navigates to any other path gets the app's page,
 * whose own router takes it from there. No token: the app has no secrets, and asks for the sign-in itself.
 */
export function createStaticFiles(directory: string): StaticFiles {
  return {
    async serve(request, path) {
      if ((request.method !== "GET" && request.method !== "HEAD") || API.test(path)) return undefined;
      const file = path === "/" ? undefined : await findFile(directory, path);
      if (file) return respond(request, file, path.startsWith("/assets/") ? IMMUTABLE : "no-cache");
      if (path.startsWith("/assets/")) return new Response("Not found", { status: 404 });
      if (path !== "/" && !isNavigation(request)) return undefined;
      const page = await findFile(directory, "/index.html");
      return page ? respond(request, page, "no-cache") : notBuilt();
    },
  };
}

/** A person who opens an address, and not a program that asks for JSON. */
function isNavigation(request: Request): boolean {
  if (request.headers.has("authorization")) return false;
  return /^text\/html\b/.test(request.headers.get("accept") ?? "");
}

async function findFile(directory: string, path: string): Promise<string | undefined> {
  if (!SAFE_PATH.test(path)) return undefined;
  try {
    const root = await realpath(directory);
    const file = await realpath(join(root, path));
    return file.startsWith(root + sep) && (await stat(file)).isFile() ? file : undefined;
  } catch {
    // Not there, or not readable: then it is not a file of the app.
    return undefined;
  }
}

async function respond(request: Request, file: string, caching: string): Promise<Response> {
  const type = TYPES[extname(file)] ?? "application/octet-stream";
  const headers: Record<string, string> = { "content-type": type, "cache-control": caching };
  if (type.startsWith("text/html")) headers["content-security-policy"] = POLICY;
  // SVG is a document too when it is opened by itself.
  if (type === "image/svg+xml") headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'";
  const body = new Uint8Array(await readFile(file));
  headers["content-length"] = String(body.byteLength);
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

function notBuilt(): Response {
  const text = "The web app is not built. Run `npm start`, or `npm run build`, in the project's folder.\n";
  return new Response(text, { status: 503, headers: { "content-type": "text/plain; charset=utf-8" } });
}
