import { CSPProvider } from "@base-ui/react/csp-provider";
import { SkeinProvider } from "@skein/react";
import { RouterProvider } from "@tanstack/react-router";
import { HighlighterProvider } from "../highlight/highlighted.tsx";
import { router } from "./router.tsx";

export function App() {
  return (
    <CSPProvider disableStyleElements>
      <SkeinProvider>
        <HighlighterProvider>
          <RouterProvider router={router} />
        </HighlighterProvider>
      </SkeinProvider>
    </CSPProvider>
  );
}
