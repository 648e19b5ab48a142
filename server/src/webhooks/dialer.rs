//! Reaches the endpoints that are made by API, under the same rules as those of the configuration.

use std::{sync::Arc, time::Duration};

use caffis_core::ports::webhooks::{Checking, Dialer, SharedSender, Target};
use tokio::time::timeout;

use super::{
    guard::{Guard, Lookup, refused},
    sender::{HttpSender, address},
};
use crate::config::{HookEndpoint, HookSettings, Secret, endpoint_url, is_webhook_secret};

/// How long a name may take to be looked up.
const LOOKED_UP: Duration = Duration::from_secs(3);

/// Reaches endpoints by HTTP.
pub(super) struct HttpDialer {
    settings: HookSettings,
    guard: Guard,
    lookup: Arc<dyn Lookup>,
}

impl HttpDialer {
    /// With the certificates, the networks and the time of a configuration.
    pub(super) fn new(settings: HookSettings, lookup: Arc<dyn Lookup>) -> Self {
        let guard = Guard { allowed: settings.out.networks.clone() };
        Self { settings, guard, lookup }
    }

    async fn look(&self, url: &str) -> Result<(), String> {
        let url = endpoint_url(url).ok_or_else(no_url)?;
        if let Some(address) = address(&url) {
            let allowed = self.guard.allows(address);
            return if allowed { Ok(()) } else { Err(refused("the endpoint", address)) };
        }
        let name = url.host_str().unwrap_or_default().to_owned();
        let found = timeout(LOOKED_UP, self.lookup.lookup(name.clone())).await;
        let found = found.map_err(|_| format!("{name} cannot be looked up in time"))?;
        let found = found.map_err(|_| format!("{name} has no address"))?;
        self.guard.sort(&name, &found).map(|_| ())
    }
}

fn no_url() -> String {
    "An endpoint is at http:// or https://, without a login and a fragment.".to_owned()
}

impl Dialer for HttpDialer {
    fn check<'a>(&'a self, url: &'a str) -> Checking<'a> {
        Box::pin(self.look(url))
    }

    fn dial(&self, target: &Target) -> Result<SharedSender, String> {
        if !target.secrets.iter().all(|secret| is_webhook_secret(secret)) {
            return Err("A secret is whsec_ and 24 to 64 bytes in base64.".to_owned());
        }
        let endpoint = HookEndpoint {
            name: target.endpoint.to_string(),
            url: endpoint_url(&target.url).ok_or_else(no_url)?,
            secrets: target.secrets.iter().map(|secret| Secret(secret.to_string())).collect(),
            kinds: Vec::new(),
            contexts: Vec::new(),
        };
        let sender = HttpSender::new(&self.settings, &[endpoint], self.lookup.clone());
        // Nothing of a secret is in these errors: they are about files and the client.
        sender.map(|sender| Arc::new(sender) as SharedSender).map_err(|error| format!("{error:#}"))
    }
}
