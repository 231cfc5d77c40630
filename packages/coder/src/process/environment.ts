/**
 * What agents see of our environment. Theirs is built from nothing: a variable that is not named does not get in, so
 * no token or key of the server does.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where an agent's credentials come from: its own sign-in on this machine, or provider variables of our environment
 * (which its commands can then read too).
 */
export type Credentials = "login" | "env";

/** What any program needs to find itself and speak the person's language. */
const BASIC = [
  ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ"],
  ["LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES"],
  // Windows finds its own parts by these.
  ["SystemRoot", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"],
].flat();

/** The basic variables and those of these names, as far as they say something. */
export function passVariables(source: Environment, names: readonly string[]): Record<string, string> {
  const passed = [...BASIC, ...names].flatMap((name) => {
    const value = source[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return Object.fromEntries(passed);
}
