export { toNodeListener, type NodeListener, type NodeListenerOptions, type WebHandler } from "./listener.ts";
export { serveNode, type NodeServer, type ServeOptions } from "./serve.ts";
