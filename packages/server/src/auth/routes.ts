import { PREFIX, SkeinError } from "@skein/protocol";
import { errorResponse, noContent } from "../http/errors.ts";
import type { Route } from "../http/router.ts";
import type { Auth } from "./token.ts";

export function authRoutes(auth: Auth): Route[] {
  return [
    {
      method: "GET",
      pattern: `${PREFIX}/sign-in`,
      public: true,
      handle: ({ url }) => {
        const cookie = auth.signIn(url.searchParams.get("token") ?? "");
        if (cookie === undefined) {
          const message = "This link is not, or no longer, the one of this server. Use the one that it printed.";
          return errorResponse(new SkeinError("unauthorized", message));
        }
        const headers = {
          location: "/",
          "set-cookie": cookie,
          "cache-control": "no-store",
          "referrer-policy": "no-referrer",
        };
        return new Response(null, { status: 303, headers });
      },
    },
    {
      method: "POST",
      pattern: `${PREFIX}/sign-out`,
      handle: () => {
        const response = noContent();
        response.headers.set("set-cookie", auth.signOut());
        return response;
      },
    },
  ];
}
