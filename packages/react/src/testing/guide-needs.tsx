import { SkeinProvider, useCoder, useNeedsYou, type Need } from "@skein/react";

export function App() {
  return (
    <SkeinProvider baseUrl="http://127.0.0.1:4437" token="…">
      <Needs />
    </SkeinProvider>
  );
}

export function Needs() {
  const needs = useNeedsYou();
  if (needs.length === 0) return <p>Nothing waits for you.</p>;
  return needs.map((need) => (
    <NeedCard key={need.kind === "failed" ? need.session.id : need.request.requestId} need={need} />
  ));
}

function NeedCard({ need }: { readonly need: Need }) {
  const coder = useCoder(need.session.coder);
  if (need.kind !== "permission") return <p>{need.session.title}</p>;
  const { requestId, tool } = need.request;
  return (
    <p>
      {need.session.title} wants to use {tool}
      <button onClick={() => void coder.answerPermission(requestId, "allow")}>Allow</button>
      <button onClick={() => void coder.answerPermission(requestId, "deny")}>Deny</button>
    </p>
  );
}
