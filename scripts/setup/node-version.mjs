// Says plainly that Node is too old. Runs before anything else, so it uses nothing that an old Node lacks.

export const OLDEST = [20, 19, 0];

/** Whether `version` ("20.19.1" or "v20.19.1") is at least `oldest`. */
export function isSupported(version, oldest = OLDEST) {
  const parts = version.replace(/^v/, "").split(".").map(Number);
  for (let i = 0; i < oldest.length; i += 1) {
    if (parts[i] !== oldest[i]) return parts[i] > oldest[i];
  }
  return true;
}

/** What to tell the person; `undefined` when this Node will do. */
export function nodeProblem(version, oldest = OLDEST) {
  if (isSupported(version, oldest)) return undefined;
  return (
    "error: Skein needs Node " +
    oldest.join(".") +
    " or later; this is " +
    version +
    ".\nInstall a current Node (https://nodejs.org, or `nvm install 22`) and try again."
  );
}

/** Ends the process with the message when Node is too old. */
export function requireNode() {
  const problem = nodeProblem(process.version);
  if (problem === undefined) return;
  console.error(problem);
  process.exit(1);
}
