import { CSPProvider } from "@base-ui/react/csp-provider";
import { SkeinProvider } from "@skein/react";
import { RouterProvider } from "@tanstack/react-router";
import { router } from "./router.tsx";

export function App() {
  return (
    <CSPProvider disableStyleElements>
      <SkeinProvider>
        <RouterProvider router={router} />
      </SkeinProvider>
    </CSPProvider>
  );
}
