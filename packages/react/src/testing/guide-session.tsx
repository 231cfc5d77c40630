import { useCoder, useCodingSession } from "@skein/react";

export function Session({ id }: { readonly id: string }) {
  const session = useCodingSession(id);
  const coder = useCoder(session.session?.coder);
  if (session.phase.kind !== "ready") return <p>{session.phase.kind}</p>;
  return (
    <main>
      {!session.atStart && <button onClick={session.loadOlder}>Older</button>}
      {session.items.map((item) => (
        <p key={item.key}>{item.kind === "assistant" || item.kind === "prompt" ? item.text : item.kind}</p>
      ))}
      <p>{session.status}</p>
      <button onClick={() => session.send("Go on.")}>Go on</button>
      <button onClick={() => void coder.interrupt()}>Stop</button>
    </main>
  );
}
