import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet is imported for its effect
import "./styles/tokens.css";
// oxlint-disable-next-line import/no-unassigned-import -- as above
import "./styles/base.css";

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no #app");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
