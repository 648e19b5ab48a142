import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { saveAccount, savedAccount } from "./app/account.ts";
import { I18nProvider, loadLanguage } from "./i18n/i18n.tsx";
import { takeInvite } from "./join/pending.ts";
import { handedOver } from "./sign-in/handedOver.ts";
import "./styles/tokens.css";
import "./styles/base.css";

const handed = handedOver(location.hash);
if (handed) {
  // First of all out of the address, so that the token is in no history and in no copied link.
  history.replaceState(null, "", handed.hash);
  // A link never makes somebody who is signed in somebody else.
  if (!savedAccount()) saveAccount({ type: "token", token: handed.token });
}

// The same for an invite link, also when somebody opens one in this tab later.
if (takeInvite(location.hash)) history.replaceState(null, "", "#/");
addEventListener("hashchange", ({ newURL }) => takeInvite(new URL(newURL).hash));

/** Shows the page. */
function show() {
  const root = document.getElementById("root");
  if (!root) throw new Error("the page has no root");
  createRoot(root).render(
    <StrictMode>
      <I18nProvider>
        <App />
      </I18nProvider>
    </StrictMode>,
  );
}

// Without its dictionary the page speaks English. Awaited here, a chunk that needs this one would wait for itself.
loadLanguage().then(show, show);
