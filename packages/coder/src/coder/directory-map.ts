/** What is at `from` on other machines is at `to` here: absolute directories. */
export type DirectoryMap = readonly { readonly from: string; readonly to: string }[];

/** Puts a directory of another machine where it is here; what no entry names is where it was. */
export function directoryMapper(map: DirectoryMap): (directory: string) => string {
  const entries = map.map(({ from, to }) => ({ from: withoutSlash(from), to: withoutSlash(to) }));
  return (directory) => {
    const entry = entries.find(({ from }) => directory === from || directory.startsWith(`${from}/`));
    return entry === undefined ? directory : entry.to + directory.slice(entry.from.length) || "/";
  };
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}
