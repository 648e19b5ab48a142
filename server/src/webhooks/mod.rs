//! Carries webhooks to their endpoints, signed as Standard Webhooks wants it.

mod dialer;
mod guard;
mod sender;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use caffis_core::outgoing::{Endpoint, Endpoints};

use self::{dialer::HttpDialer, guard::SystemLookup, sender::HttpSender};
use crate::config::{HookEndpoint, HookSettings};

/// The endpoints of a configuration, and what reaches those that are made by API.
///
/// # Errors
/// What a check of the configuration would have said, or that the certificates cannot be read.
pub fn endpoints(settings: &HookSettings) -> anyhow::Result<Endpoints> {
    let list = settings.endpoints()?;
    let out = &settings.out;
    let sender = HttpSender::new(settings, &list, Arc::new(SystemLookup))?;
    let endpoint = |endpoint: HookEndpoint| Endpoint {
        name: endpoint.name.into(),
        url: endpoint.url.as_str().into(),
        kinds: endpoint.kinds,
        contexts: endpoint.contexts,
    };
    Ok(Endpoints {
        list: list.into_iter().map(endpoint).collect(),
        sender: Arc::new(sender),
        dialer: Some(Arc::new(HttpDialer::new(settings.clone(), Arc::new(SystemLookup)))),
        in_flight: out.in_flight as usize,
        preview_bytes: out.preview as usize,
    })
}
