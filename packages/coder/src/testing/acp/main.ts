import { Readable, Writable } from "node:stream";
import { serveAcp } from "./agent.ts";

/** The scripted agent as a program: the protocol on its standard input and output. */
const { SCRIPTED_ACP_URL: url, SCRIPTED_ACP_HOME: home, SCRIPTED_ACP_LACKS: lacks = "" } = process.env;
if (url === undefined || home === undefined) throw new Error("SCRIPTED_ACP_URL and SCRIPTED_ACP_HOME are needed.");

const options = { url, home, signedIn: !lacks.includes("sign-in"), keepsSessions: !lacks.includes("sessions") };
await serveAcp(options, [Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)]);
process.exit(0);
