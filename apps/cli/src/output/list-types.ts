import type { EntityType } from "@skein/protocol";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

export function renderTypes(types: readonly EntityType[], width: number, style: Style): string[] {
  if (types.length === 0) return ["No entity types are registered: no runner has been here."];
  const [head = "", ...lines] = renderTable(
    [{ title: "TYPE" }, { title: "DESCRIPTION", flexible: true }],
    types.map(({ name, description }) => [name, description]),
    width,
  );
  return [style.dim(head), ...lines];
}
