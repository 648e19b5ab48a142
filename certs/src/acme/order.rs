//! One order, from the account to the certificate.

use std::time::{Duration, SystemTime};

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use tokio::time::timeout;

use super::{authority::Authority, challenge::Challenges, error::AcmeError};
use crate::Identity;

/// How long all of an order may take.
const ORDER_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long, and how often, the authority is asked whether it is done.
const POLLING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(250))
    .backoff(1.5)
    .timeout(Duration::from_secs(2 * 60));

/// The kind of the problem that an account is not known.
const UNKNOWN_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

impl Authority {
    /// Obtains a certificate and keeps it.
    pub(super) async fn obtain(
        &self,
        clock: impl Fn() -> SystemTime,
    ) -> Result<Identity, AcmeError> {
        let _hidden = HideAtEnd(&self.challenges);
        let ordered = timeout(ORDER_TIMEOUT, self.order()).await;
        let (chain, key) = ordered.map_err(|_| AcmeError::TimedOut(ORDER_TIMEOUT))??;
        let path = self.cache.certificate_path();
        let (chain_pem, key_pem) = ((chain.as_bytes(), &*path), (key.as_bytes(), &*path));
        let identity = Identity::from_pem(chain_pem, key_pem, &self.settings.domains, clock())?;
        // If it cannot be written, it still serves until the process ends: authorities issue only a few
        // a week.
        if let Err(error) = self.cache.keep_certificate(&format!("{chain}{key}")) {
            tracing::error!(%error, "the new certificate cannot be kept: after a restart another is needed");
        }
        Ok(identity)
    }

    /// The chain and its key, in PEM form.
    async fn order(&self) -> Result<(String, String), AcmeError> {
        let domains = self.settings.domains.iter().cloned().map(Identifier::Dns);
        let domains: Vec<_> = domains.collect();
        let wanted = NewOrder::new(&domains);
        let mut order = match self.account().await?.new_order(&wanted).await {
            Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(UNKNOWN_ACCOUNT) => {
                tracing::warn!(
                    "the certificate authority does not know our account: a new one is made"
                );
                self.cache.forget_account();
                self.account().await?.new_order(&wanted).await?
            }
            order => order?,
        };
        self.prove(&mut order).await?;
        match order.poll_ready(&POLLING).await {
            Ok(OrderStatus::Ready) => {}
            Ok(_) => return Err(reason(&mut order).await),
            Err(Error::Api(problem)) => {
                return Err(match reason(&mut order).await {
                    found @ AcmeError::NotProven { .. } => found,
                    _ => AcmeError::Refused(problem.to_string()),
                });
            }
            Err(error) => return Err(error.into()),
        }
        let key = order.finalize().await?;
        Ok((order.poll_certificate(&POLLING).await?, key))
    }

    /// The existing account, or a new one.
    async fn account(&self) -> Result<Account, AcmeError> {
        let builder = Account::builder_with_http(Box::new(self.http.clone()));
        if let Some(account) = self.cache.account() {
            return Ok(builder.from_credentials(account).await?);
        }
        let contact = self.settings.contact.as_ref().map(|address| format!("mailto:{address}"));
        let contact: Vec<&str> = contact.as_deref().into_iter().collect();
        let wanted = NewAccount {
            contact: &contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let directory = self.settings.directory.clone();
        let (account, credentials) = builder.create(&wanted, directory, None).await?;
        self.cache.keep_account(&credentials)?;
        tracing::info!(account = account.id(), "an account at the certificate authority was made");
        Ok(account)
    }

    /// Shows a proof for every domain that is not validated yet, and tells the authority.
    async fn prove(&self, order: &mut Order) -> Result<(), AcmeError> {
        let wanted = self.settings.domains.len();
        let found = order.state().authorizations.len();
        if found > wanted {
            return Err(AcmeError::Strange(format!("{found} authorisations for {wanted} domains")));
        }
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            let domain = authorization.identifier().to_string();
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
                return Err(AcmeError::NoChallenge(domain));
            };
            self.challenges.show(&domain, challenge.key_authorization().digest().as_ref())?;
            challenge.set_ready().await.map_err(|error| match error {
                // It may have checked before it answered.
                Error::Api(problem) => AcmeError::NotProven { domain, reason: problem.to_string() },
                error => error.into(),
            })?;
        }
        Ok(())
    }
}

/// Which domain failed, and why.
async fn reason(order: &mut Order) -> AcmeError {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let error = state.challenges.iter().find_map(|challenge| challenge.error.as_ref());
        if let Some(error) = error {
            let (domain, reason) = (state.identifier().to_string(), error.to_string());
            return AcmeError::NotProven { domain, reason };
        }
    }
    AcmeError::Refused("the order is invalid, without a reason".to_owned())
}

/// Removes the proofs when the order ends, also when it fails.
struct HideAtEnd<'a>(&'a Challenges);

impl Drop for HideAtEnd<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}
