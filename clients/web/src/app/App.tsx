import type { ChatClient, ErrorCode } from "@caffis/chat";
import { ChatProvider, useNewClient } from "@caffis/chat-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useI18n } from "../i18n/i18n.tsx";
import { forgetInvite, usePendingInvite } from "../join/pending.ts";
import { SignIn } from "../sign-in/SignIn.tsx";
import {
  type Account,
  connect,
  type DemoUser,
  demoUsers,
  saveAccount,
  savedAccount,
} from "./account.ts";
import { PageProvider } from "./chat.tsx";
import { laterView, preloadViews } from "./later.tsx";
import { goTo } from "./route.ts";
import { Shell } from "./Shell.tsx";

const Join = laterView((views) => views.Join);

/** The page: the sign-in screen or the app. */
export function App() {
  const { t } = useI18n();
  const [account, setAccount] = useState(savedAccount);
  const [demo, setDemo] = useState<readonly DemoUser[] | null | undefined>();
  const [refusal, setRefusal] = useState<string | null>(null);
  const invite = usePendingInvite();

  useEffect(() => {
    const end = new AbortController();
    demoUsers(end.signal).then(setDemo, () => {
      if (!end.signal.aborted) setDemo(null);
    });
    return () => end.abort();
  }, []);

  useEffect(preloadViews, []);

  const choose = (chosen: Account | null, why: string | null = null) => {
    saveAccount(chosen);
    setRefusal(why);
    setAccount(chosen);
    if (!chosen) goTo(null);
  };

  const client = useNewClient(useMemo(() => (account ? () => connect(account) : null), [account]));
  useEnd(client, (code) => {
    const known = t.errors as Readonly<Record<string, string>>;
    choose(null, (code && known[code]) || t.signedOut);
  });

  if (!account) {
    return <SignIn demo={demo} refusal={refusal} invited={invite !== null} onChoose={choose} />;
  }
  if (!client) return null;
  return (
    <ChatProvider client={client}>
      <PageProvider value={{ demo: demo ?? null, signOut: () => choose(null) }}>
        {invite ? <Join invite={invite} onClose={forgetInvite} /> : <Shell />}
      </PageProvider>
    </ChatProvider>
  );
}

/** Tells once the session has ended for good, with the server's reason. */
function useEnd(client: ChatClient | null, onEnd: (code: ErrorCode | null) => void): void {
  const latest = useRef(onEnd);
  latest.current = onEnd;
  useEffect(() => {
    if (!client) return;
    const look = () => {
      const { phase, reason } = client.connection.getSnapshot();
      if (phase === "ended" && reason) latest.current(reason.code);
    };
    look();
    return client.connection.subscribe(look);
  }, [client]);
}
