import { Menu } from "@base-ui/react/menu";
import { useState } from "react";
import { IconButton } from "../ui/button.tsx";
import { copyText } from "../ui/copy-text.ts";
import { Icon } from "../ui/icon.tsx";
import menu from "../ui/menu.module.css";
import { EndDialog } from "./end-dialog.tsx";

export interface MoreMenuProps {
  readonly ended: boolean;
  readonly onFork: () => void;
  readonly onEnd: () => Promise<void>;
}

export function MoreMenu({ ended, onFork, onEnd }: MoreMenuProps) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Menu.Root defaultOpen>
        <Menu.Trigger render={<IconButton icon="more" label="More" />} />
        <Menu.Portal>
          <Menu.Positioner align="end" sideOffset={4} className={menu["positioner"]}>
            <Menu.Popup className={menu["popup"]}>
              <Menu.Item className={menu["item"]} onClick={() => void copyText(location.origin + location.pathname)}>
                <Icon name="link" />
                Copy link to this session
              </Menu.Item>
              <Menu.Item className={menu["item"]} onClick={onFork}>
                <Icon name="fork" />
                Fork this session…
              </Menu.Item>
              <Menu.Item
                className={`${menu["item"]} ${menu["danger"]}`}
                disabled={ended}
                onClick={() => setAsking(true)}
              >
                <Icon name="close" />
                End session…
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <EndDialog open={asking} onClose={() => setAsking(false)} onEnd={onEnd} />
    </>
  );
}
