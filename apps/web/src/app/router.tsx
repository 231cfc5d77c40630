import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  useLocation,
  type ErrorComponentProps,
} from "@tanstack/react-router";
import { z } from "zod";
import { CommandsProvider } from "../palette/commands.tsx";
import { PaletteHost } from "../palette/palette-host.tsx";
import { SessionRoute } from "../session/session-route.tsx";
import { VIEWS } from "../viewers/views.ts";
import { LinkButton } from "../ui/link-button.tsx";
import { Notice } from "../ui/notice.tsx";

const rootRoute = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: Broken,
});

const sessionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: lazyRouteComponent(() => import("../sessions/sessions-page.tsx"), "SessionsPage"),
});

const newSearch = z.object({ how: z.enum(["create", "attach", "import"]).optional().catch(undefined) });
const newRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/new",
  validateSearch: newSearch,
  component: lazyRouteComponent(() => import("../new-session/new-session-page.tsx"), "NewSessionPage"),
});

const sessionSearch = z.object({
  /** Key of a row to point out, and its position in the log. */
  row: z.string().max(512).optional().catch(undefined),
  at: z.number().int().min(0).optional().catch(undefined),
  /** What the panel beside it shows. */
  view: z.enum(VIEWS).optional().catch(undefined),
});
const sessionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/s/$sessionId",
  validateSearch: sessionSearch,
  component: function Session() {
    const { sessionId } = sessionRoute.useParams();
    const search = sessionRoute.useSearch();
    return <SessionRoute key={sessionId} sessionId={sessionId} {...search} />;
  },
});

const Explorer = lazyRouteComponent(() => import("../explorer/explorer-page.tsx"), "ExplorerPage");
const explorerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/x/$",
  component: function Explored() {
    const { _splat: path = "" } = explorerRoute.useParams();
    return <Explorer path={path === "" ? undefined : `/${path}`} />;
  },
});

const Shared = lazyRouteComponent(() => import("../share/shared-page.tsx"), "SharedPage");
const sharedRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/share/$token",
  component: function SharedWithGuest() {
    return <Shared token={sharedRoute.useParams().token} />;
  },
});

/** The build for production has neither the page nor its recordings. */
const styleguideRoutes = import.meta.env.DEV
  ? [
      createRoute({
        getParentRoute: () => rootRoute,
        path: "/_styleguide",
        component: lazyRouteComponent(() => import("../styleguide/styleguide-page.tsx"), "StyleguidePage"),
      }),
    ]
  : [];

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    sessionsRoute,
    newRoute,
    sessionRoute,
    explorerRoute,
    sharedRoute,
    ...styleguideRoutes,
  ]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function Root() {
  const isGuest = useLocation({ select: ({ pathname }) => pathname.startsWith("/share/") });
  return (
    <CommandsProvider>
      <Outlet />
      {/* A guest has no commands, and is not shown what else there is. */}
      {!isGuest && <PaletteHost />}
    </CommandsProvider>
  );
}

function NotFound() {
  return (
    <main>
      <Notice title="There is nothing here" actions={<LinkButton to="/">All sessions</LinkButton>}>
        <p>The address does not belong to a page of this app.</p>
      </Notice>
    </main>
  );
}

function Broken({ error }: ErrorComponentProps) {
  return (
    <main>
      <Notice title="This page broke" actions={<a href="/">All sessions</a>}>
        <p>That is a defect of the app; your session is not affected. Reload the page to go on.</p>
        <p>
          <code>{error instanceof Error ? error.message : String(error)}</code>
        </p>
      </Notice>
    </main>
  );
}
