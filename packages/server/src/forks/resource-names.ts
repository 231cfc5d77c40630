import { isResourceId } from "@skein/protocol";

const SESSION = "coder-session/";

/**
 * The name of a fork's own copy of a resource: the origin's with the fork's id where it had the origin's. A coding
 * session goes by the id of its coder's fork; a name without the id gets it at its end.
 */
export function forkedResource(resource: string, origin: string, fork: string): string | undefined {
  if (resource.startsWith(SESSION)) return checked(SESSION + fork);
  const segments = resource.split("/");
  if (segments.includes(origin)) return checked(segments.map((one) => (one === origin ? fork : one)).join("/"));
  return checked(`${resource}~${fork}`);
}

function checked(name: string): string | undefined {
  return isResourceId(name) ? name : undefined;
}
