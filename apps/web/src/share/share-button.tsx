import { lazy, Suspense, useState } from "react";
import { IconButton } from "../ui/button.tsx";

const loadDialog = async () => ({ default: (await import("./share-dialog.tsx")).ShareDialog });
const ShareDialog = lazy(loadDialog);

/** Opens the links of a session. */
export function ShareButton({ session }: { readonly session: string }) {
  const [open, setOpen] = useState(false);
  const preload = (): void => {
    // Without the network the click tries again, and the page says that it is offline.
    loadDialog().catch(() => undefined);
  };
  return (
    <>
      <IconButton
        icon="share"
        label="Share"
        aria-haspopup="dialog"
        onPointerEnter={preload}
        onFocus={preload}
        onClick={() => setOpen(true)}
      />
      {open && (
        <Suspense>
          <ShareDialog session={session} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
