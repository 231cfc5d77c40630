import { PREFIX, pushKey, type PushWants } from "@skein/protocol";
import { useSkein } from "@skein/react";
import type { Client } from "@skein/runtime/client";
import { useEffect, useState } from "react";
import { failureText } from "../ui/failure.ts";

/** How this browser stands with messages. */
export type PushState =
  | { readonly kind: "unknown" }
  /** Why they cannot be had here, for the person. */
  | { readonly kind: "impossible"; readonly reason: string }
  | { readonly kind: "ready"; readonly wants: PushWants };

export interface Push {
  readonly state: PushState;
  readonly failure: string | undefined;
  /** Subscribes, changes, or with nothing wanted unsubscribes. */
  readonly want: (wants: PushWants) => void;
}

const KEY = "skein:push";
const NOTHING: PushWants = { needs: false, finished: false };

export function usePush(): Push {
  const { client } = useSkein();
  const [state, setState] = useState<PushState>({ kind: "unknown" });
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    let gone = false;
    void readState().then((found) => !gone && setState(found));
    return () => {
      gone = true;
    };
  }, []);
  const want = (wants: PushWants): void => {
    setFailure(undefined);
    (wants.needs || wants.finished ? subscribe(client, wants) : unsubscribe(client)).then(
      () => setState({ kind: "ready", wants }),
      (error: unknown) => setFailure(error instanceof NotAllowed ? error.message : failureText(error)),
    );
  };
  return { state, failure, want };
}

class NotAllowed extends Error {}

async function readState(): Promise<PushState> {
  if (!globalThis.isSecureContext) {
    return { kind: "impossible", reason: "Browsers allow messages over https only (or on the server's own machine)." };
  }
  if (!("serviceWorker" in navigator) || !("PushManager" in globalThis)) {
    return { kind: "impossible", reason: "This browser has no web push. On an iPhone, add Skein to the home screen." };
  }
  if (Notification.permission === "denied") {
    return { kind: "impossible", reason: "Messages of this page are blocked in the browser's settings." };
  }
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  return { kind: "ready", wants: subscription ? readWants() : NOTHING };
}

async function subscribe(client: Client, wants: PushWants): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") {
    throw new NotAllowed("The browser was not allowed to show messages.");
  }
  await navigator.serviceWorker.register("/sw.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const { publicKey } = await client.transport.json(pushKey, "GET", `${PREFIX}/push`);
  const subscription =
    (await pushManager.getSubscription()) ??
    (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey }));
  await client.transport.request("PUT", `${PREFIX}/push`, { body: { subscription: subscription.toJSON(), wants } });
  keepWants(wants);
}

async function unsubscribe(client: Client): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  if (!subscription) return;
  await client.transport.request("POST", `${PREFIX}/push/forget`, { body: { endpoint: subscription.endpoint } });
  await subscription.unsubscribe();
  keepWants(NOTHING);
}

function readWants(): PushWants {
  try {
    const text = localStorage.getItem(KEY) ?? "";
    return { needs: text.includes("needs"), finished: text.includes("finished") };
  } catch {
    return { needs: true, finished: true };
  }
}

function keepWants({ needs, finished }: PushWants): void {
  try {
    localStorage.setItem(KEY, [needs && "needs", finished && "finished"].filter(Boolean).join(" "));
  } catch {
    // Storage is forbidden: then both are shown as wanted next time.
  }
}
