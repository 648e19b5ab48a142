//! Posts webhooks, and reads what is answered.

use std::{
    collections::BTreeMap,
    error::Error as _,
    fs,
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use caffis_core::ports::webhooks::{Answer, AnswerFuture, Outbound, WebhookSender};
use reqwest::{
    Certificate, Client, Response, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

use super::guard::{Guard, Guarded, Lookup, refused};
use crate::config::{HookEndpoint, HookSettings};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a connection is kept for the next event.
const IDLE: Duration = Duration::from_secs(60);

/// How much of an answer is read: of one that says why not for the reason, of a good one so that the connection
/// can be used again.
pub(super) const REASON_BYTES: usize = 300;
const ANSWER_BYTES: usize = 16 * 1024;

/// Where an endpoint is, and who signs.
struct Target {
    http: Client,
    url: Url,
    signers: Vec<Webhook>,
}

/// Posts webhooks to a list of endpoints.
pub(super) struct HttpSender {
    targets: BTreeMap<String, Target>,
    guard: Guard,
    timeout: Duration,
}

impl HttpSender {
    pub(super) fn new(
        settings: &HookSettings,
        list: &[HookEndpoint],
        lookup: Arc<dyn Lookup>,
    ) -> anyhow::Result<Self> {
        let guard = Guard { allowed: settings.out.networks.clone() };
        let mut targets = BTreeMap::new();
        for endpoint in list {
            let signers = endpoint.secrets.iter().map(|secret| Webhook::new(&secret.0));
            let signers = signers.collect::<Result<_, _>>().context("a secret of hook_out")?;
            let guarded = Guarded { guard: guard.clone(), lookup: lookup.clone() };
            let mut http = Client::builder()
                .dns_resolver(Arc::new(guarded))
                .connect_timeout(CONNECT)
                .pool_idle_timeout(IDLE)
                .redirect(Policy::none())
                .no_proxy()
                .user_agent(concat!("caffis-chat/", env!("CARGO_PKG_VERSION")));
            if let Some(path) = &settings.out.ca {
                let pem =
                    fs::read(path).with_context(|| format!("hook_out_ca {}", path.display()))?;
                for root in CertificateDer::pem_slice_iter(&pem) {
                    let root = root.context("hook_out_ca")?;
                    http = http.add_root_certificate(Certificate::from_der(&root)?);
                }
            }
            let target = Target { http: http.build()?, url: endpoint.url.clone(), signers };
            targets.insert(endpoint.name.clone(), target);
        }
        Ok(Self { targets, guard, timeout: settings.out.timeout })
    }

    async fn post(&self, webhook: &Outbound) -> Result<Response, Answer> {
        let unreachable = |reason: &str| Answer::Unreachable(reason.to_owned());
        let target = self.targets.get(&*webhook.endpoint);
        let target = target.ok_or_else(|| unreachable("there is no such endpoint any more"))?;
        // Names go through the guarded lookup; addresses need none.
        if let Some(address) = address(&target.url).filter(|address| !self.guard.allows(*address)) {
            return Err(Answer::Unreachable(refused("the endpoint", address)));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let timestamp = i64::try_from(now).unwrap_or(i64::MAX);
        let signatures: Result<Vec<String>, _> = target
            .signers
            .iter()
            .map(|signer| signer.sign(&webhook.id, timestamp, &webhook.body))
            .collect();
        let signatures = signatures.map_err(|error| unreachable(&error.to_string()))?.join(" ");
        let request = target
            .http
            .post(target.url.clone())
            .timeout(self.timeout)
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, &webhook.id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signatures)
            .body(webhook.body.clone());
        request.send().await.map_err(|error| {
            if error.is_timeout() && !error.is_connect() {
                return Answer::Late;
            }
            // The last cause says most.
            let mut reason = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                reason = cause.to_string();
                source = cause.source();
            }
            Answer::Unreachable(printable(&reason))
        })
    }
}

impl WebhookSender for HttpSender {
    fn send<'a>(&'a self, webhook: &'a Outbound) -> AnswerFuture<'a> {
        Box::pin(async move {
            match self.post(webhook).await {
                Ok(response) => read(response).await,
                Err(answer) => answer,
            }
        })
    }
}

/// The address in a URL that has one in place of a name.
pub(super) fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// What an answer says. No more of it is read than is needed.
async fn read(mut response: Response) -> Answer {
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after =
        retry_after.and_then(|value| caffis_relay::retry_after(value, SystemTime::now()));
    let most = if status.is_success() { ANSWER_BYTES } else { REASON_BYTES };
    let mut bytes = Vec::new();
    while bytes.len() < most
        && let Ok(Some(chunk)) = response.chunk().await
    {
        bytes.extend_from_slice(&chunk[..chunk.len().min(most - bytes.len())]);
    }
    bytes.truncate(REASON_BYTES);
    let reason = printable(String::from_utf8_lossy(&bytes).trim());
    Answer::Said { status: status.as_u16(), retry_after, reason }
}

/// No control characters in logs and tables.
fn printable(text: &str) -> String {
    text.chars().take(REASON_BYTES).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
