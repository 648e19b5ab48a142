//! Who may send webhooks, and whether this one is theirs.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use axum::http::HeaderMap;
use caffis_core::hub::{people::rate_limited, rate::TokenBucket};
use caffis_schema::{Error, hooks::limits::HOOK_ID_BYTES};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};
use tokio::time::Instant;

use crate::config::{Config, HookSource};

/// Lines about refused webhooks in a second.
const LINES_PER_SECOND: u32 = 20;

/// The longest `webhook-timestamp`, in bytes: enough for the year 9999.
const TIMESTAMP_BYTES: usize = 12;

/// Why a webhook is not taken from a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A header is missing or is not what it should be.
    Header(&'static str),
    /// No secret of the source fits.
    Signature,
    /// It was signed too long ago, or will be.
    Window,
    /// The source sends too many.
    Rate(Error),
}

/// Those who may send webhooks.
pub struct Sources {
    sources: BTreeMap<String, Source>,
    lines: Mutex<TokenBucket>,
}

/// One of them.
pub(super) struct Source {
    settings: HookSource,
    /// One for each secret.
    verifiers: Vec<Webhook>,
    bucket: Mutex<TokenBucket>,
}

impl Sources {
    /// The sources of a configuration.
    ///
    /// # Errors
    /// What a check of the configuration would have said.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let now = Instant::now();
        let mut sources = BTreeMap::new();
        for settings in config.hooks.sources()? {
            let verifiers = settings.secrets.iter().map(|secret| Webhook::new(&secret.0));
            let verifiers = verifiers.collect::<Result<_, _>>().context("a secret of a source")?;
            let bucket = Mutex::new(TokenBucket::new(settings.rate, now));
            sources.insert(settings.name.clone(), Source { settings, verifiers, bucket });
        }
        Ok(Self { sources, lines: Mutex::new(TokenBucket::new(LINES_PER_SECOND, now)) })
    }

    pub(super) fn find(&self, name: &str) -> Option<&Source> {
        self.sources.get(name)
    }

    /// Whether a line may be logged: whoever sends nonsense does not fill the disk.
    pub(super) fn may_log(&self) -> bool {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.take(Instant::now()).is_ok()
    }
}

impl Source {
    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    pub(super) fn may_send(&self, kind: &str) -> bool {
        self.settings.may_send(kind)
    }

    /// Counts an event against the source's rate.
    pub(super) fn take(&self) -> Result<(), Refusal> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = bucket.take(Instant::now());
        taken
            .map_err(|wait| Refusal::Rate(rate_limited("This source sends too many events.", wait)))
    }

    /// Checks that the source has signed this body, lately; gives its id.
    pub(super) fn check<'a>(
        &self,
        headers: &'a HeaderMap,
        body: &[u8],
    ) -> Result<&'a str, Refusal> {
        let id = id(headers).ok_or(Refusal::Header(HEADER_WEBHOOK_ID))?;
        let timestamp = headers.get(HEADER_WEBHOOK_TIMESTAMP).map(|value| value.as_bytes());
        // The library reckons with whatever number it is given.
        let good = timestamp.is_some_and(|time| {
            (1..=TIMESTAMP_BYTES).contains(&time.len()) && time.iter().all(u8::is_ascii_digit)
        });
        if !good {
            return Err(Refusal::Header(HEADER_WEBHOOK_TIMESTAMP));
        }
        let mut refusal = Refusal::Signature;
        for verifier in &self.verifiers {
            match verifier.verify(body, headers) {
                Ok(()) => return Ok(id),
                Err(error) => refusal = refused(&error),
            }
        }
        Err(refusal)
    }
}

/// The id of a webhook, if it has a good one.
pub(super) fn id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(HEADER_WEBHOOK_ID)?.to_str().ok()?;
    let good = (1..=HOOK_ID_BYTES).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    good.then_some(id)
}

fn refused(error: &WebhookError) -> Refusal {
    match error {
        WebhookError::TimestampTooOldError | WebhookError::FutureTimestampError => Refusal::Window,
        WebhookError::InvalidTimestamp => Refusal::Header(HEADER_WEBHOOK_TIMESTAMP),
        WebhookError::MissingHeader(_) | WebhookError::InvalidHeader(_) => {
            Refusal::Header(HEADER_WEBHOOK_SIGNATURE)
        }
        WebhookError::InvalidSecret(_)
        | WebhookError::InvalidSignature
        | WebhookError::InvalidPayload => Refusal::Signature,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HookSettings, Secret};

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn sources(secrets: &[&str]) -> Sources {
        let secrets = secrets.iter().map(|secret| Secret(format!("main:{secret}")));
        let hooks = HookSettings {
            secrets: secrets.collect(),
            kinds: vec!["main:*".to_owned()],
            rates: vec!["main:2".to_owned()],
            ..HookSettings::default()
        };
        Sources::new(&Config { hooks, ..Config::default() }).unwrap()
    }

    fn headers(id: &str, time: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER_WEBHOOK_ID, id.parse().unwrap());
        headers.insert(HEADER_WEBHOOK_TIMESTAMP, time.parse().unwrap());
        headers.insert(HEADER_WEBHOOK_SIGNATURE, signature.parse().unwrap());
        headers
    }

    /// The vector in the documentation of the reference implementations.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let signed = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap().sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn numbers_that_are_no_times_are_refused() {
        let sources = sources(&[SECRET]);
        let main = sources.find("main").unwrap();
        for time in ["", "-9223372036854775808", "9223372036854775807", "1e9", "0x10", "1 2"] {
            let headers = headers("m", time, "v1,AAAA");
            let found = main.check(&headers, b"{}");
            assert_eq!(found, Err(Refusal::Header(HEADER_WEBHOOK_TIMESTAMP)), "{time}");
        }
        for time in ["1614265330", "253402300799"] {
            let headers = headers("m", time, "v1,AAAA");
            assert_eq!(main.check(&headers, b"{}"), Err(Refusal::Window), "{time}");
        }
    }

    #[test]
    fn a_source_may_send_so_many_in_a_second() {
        let sources = sources(&[SECRET]);
        let main = sources.find("main").unwrap();
        let taken: Vec<_> = (0..3).map(|_| main.take().is_ok()).collect();
        assert_eq!(taken, [true, true, false]);
    }
}
