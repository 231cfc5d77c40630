import { Tabs } from "@base-ui/react/tabs";
import type { RunnerInfo } from "@skein/protocol";
import { useSessions } from "@skein/react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { TopBar } from "../app/top-bar.tsx";
import { Button } from "../ui/button.tsx";
import { failureText, isSignedOut } from "../ui/failure.ts";
import { Notice, SignedOut } from "../ui/notice.tsx";
import { AttachList } from "./attach-list.tsx";
import { CreateForm } from "./create-form.tsx";
import { ImportList } from "./import-list.tsx";
import styles from "./new-session-page.module.css";
import { useRunners, type Loaded } from "./use-runner.ts";

export function NewSessionPage() {
  const { how = "create" } = useSearch({ from: "/new" });
  const navigate = useNavigate();
  const runners = useRunners();
  useSessions(); // Keeps the directory, and with it the connection, while one goes from page to page.
  useEffect(() => {
    document.title = "New session · Skein";
  }, []);
  return (
    <div className={styles["page"]}>
      <TopBar />
      <main className={styles["scroll"]}>
        <div className={styles["content"]}>
          <h1>New session</h1>
          <Tabs.Root
            value={how}
            onValueChange={(next: "create" | "attach" | "import") =>
              void navigate({ to: "/new", search: { how: next }, replace: true })
            }
          >
            <Tabs.List className={styles["tabs"]}>
              <Tabs.Tab value="create" className={styles["tab"]}>
                Create
              </Tabs.Tab>
              <Tabs.Tab value="attach" className={styles["tab"]}>
                Attach a local one
              </Tabs.Tab>
              <Tabs.Tab value="import" className={styles["tab"]}>
                Import
              </Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="create">
              <WithRunner runners={runners}>{(runner) => <CreateForm runner={runner} />}</WithRunner>
            </Tabs.Panel>
            <Tabs.Panel value="attach">
              <WithRunner runners={runners}>{(runner) => <AttachList runner={runner} />}</WithRunner>
            </Tabs.Panel>
            <Tabs.Panel value="import">
              <WithRunner runners={runners}>{(runner) => <ImportList runner={runner} />}</WithRunner>
            </Tabs.Panel>
          </Tabs.Root>
        </div>
      </main>
    </div>
  );
}

interface WithRunnerProps {
  readonly runners: Loaded<readonly RunnerInfo[]>;
  readonly children: (runner: RunnerInfo) => React.ReactNode;
}

function WithRunner({ runners, children }: WithRunnerProps) {
  const again = <Button onClick={() => location.reload()}>Look again</Button>;
  switch (runners.kind) {
    case "loading":
      return <p className={styles["hint"]}>Looking for a machine…</p>;
    case "failed":
      if (isSignedOut(runners.error)) return <SignedOut />;
      return (
        <Notice title="The machines cannot be listed" actions={again}>
          <p>{failureText(runners.error)}</p>
        </Notice>
      );
    case "ready": {
      const [runner] = runners.value;
      if (runner !== undefined) return children(runner);
      return (
        <Notice title="No machine is connected" actions={again}>
          <p>
            Sessions run on a runner, and none that can run a coding agent is connected to this server.{" "}
            <code>npm start</code> starts one with the server.
          </p>
        </Notice>
      );
    }
  }
}
