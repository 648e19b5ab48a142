import type { ChatClient } from "@caffis/chat";
import { useEffect, useState } from "react";
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
import { ChatProvider } from "./chat.tsx";
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

  const client = useClient(account, (ended) => {
    const { code } = ended.connection.getSnapshot().reason ?? {};
    const known = t.errors as Readonly<Record<string, string>>;
    choose(null, (code && known[code]) || t.signedOut);
  });

  if (!account) {
    return <SignIn demo={demo} refusal={refusal} invited={invite !== null} onChoose={choose} />;
  }
  if (!client) return null;
  return (
    <ChatProvider value={{ client, demo: demo ?? null, signOut: () => choose(null) }}>
      {invite ? <Join invite={invite} onClose={forgetInvite} /> : <Shell />}
    </ChatProvider>
  );
}

/** A client for as long as somebody is signed in. */
function useClient(
  account: Account | null,
  onEnded: (client: ChatClient) => void,
): ChatClient | null {
  const [client, setClient] = useState<ChatClient | null>(null);
  useEffect(() => {
    if (!account) return;
    const made = connect(account);
    setClient(made);
    const unsubscribe = made.connection.subscribe(() => {
      const { phase, reason } = made.connection.getSnapshot();
      if (phase === "ended" && reason) onEnded(made);
    });
    return () => {
      unsubscribe();
      made.dispose();
      setClient(null);
    };
  }, [account]);
  return client;
}
