/** The viewers beside a transcript, in the order of their tabs; their names are in links. */
export const VIEWS = ["changes", "commands", "timeline", "usage", "forks", "info"] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_NAMES: Readonly<Record<View, string>> = {
  changes: "Changes",
  commands: "Commands",
  timeline: "Timeline",
  usage: "Usage",
  forks: "Forks",
  info: "Info",
};
