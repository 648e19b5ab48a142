//! Endpoints that are made by API: rows in the store, read by every node.
//!
//! What one node changes holds there at once, and on the others within [`READ_AGAIN`] as long as the store
//! answers. An endpoint is told what happens from its making on: nodes that hear of it late find in the activity of
//! the last minutes what it was not told. A deleted one leaves its positions in the store; they are before the making
//! of whatever has its name next, and so count for nothing, as do its dead letters.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::{
    Error, ErrorCode, List, Text, Timestamp,
    endpoints::{ENDPOINTS, EndpointChange, EndpointSettings},
};
use tokio::time::Instant;

use super::{
    DRAIN, Endpoint, Outgoing, drain, is_context_type, is_endpoint_name, is_kind_pattern,
    workers::{Made, Running},
};
use crate::{
    ports::{
        store::{Store, StoreError},
        webhooks::{SharedDialer, Target},
    },
    sync::lock,
    tables::{self, MadeEndpointRow, Swapped},
};

/// How often each node reads which endpoints there are.
pub const READ_AGAIN: Duration = Duration::from_secs(5);

/// The most names that endpoints made by API ever had: each keeps a row.
pub const MADE_NAMES: usize = 1_024;

/// The rows, also of those that were deleted.
async fn rows(store: &dyn Store) -> Result<Vec<MadeEndpointRow>, StoreError> {
    let partition = MadeEndpointRow::partition(&MadeEndpointRow::LIST);
    tables::partition(store, partition, MADE_NAMES).await
}

fn words(list: &str) -> Vec<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

fn endpoint(row: &MadeEndpointRow) -> Endpoint {
    Endpoint {
        name: row.name.clone(),
        url: row.url.clone(),
        kinds: words(&row.kinds),
        contexts: words(&row.contexts),
    }
}

/// Where an endpoint is, and who signs at a time.
fn target(row: &MadeEndpointRow, now: Timestamp) -> Target {
    let in_grace = row.former_until.is_some_and(|until| now < until);
    let former = row.former.clone().filter(|_| in_grace);
    let secrets = [row.secret.clone()].into_iter().chain(former).collect();
    Target { endpoint: row.name.clone(), url: row.url.clone(), secrets }
}

fn texts<const N: usize, const M: usize>(list: &[String]) -> List<Text<N>, M> {
    List::cut(list.iter().map(|item| Text::cut(item)).collect())
}

fn shown(endpoint: &Endpoint) -> EndpointSettings {
    EndpointSettings {
        url: Text::cut(&endpoint.url),
        kinds: texts(&endpoint.kinds),
        contexts: texts(&endpoint.contexts),
        configured: true,
        created: None,
        changed: None,
        former_until: None,
    }
}

fn made(row: &MadeEndpointRow) -> EndpointSettings {
    EndpointSettings {
        configured: false,
        created: Some(row.created),
        changed: Some(row.changed),
        former_until: row.former_until,
        ..shown(&endpoint(row))
    }
}

/// How an endpoint is set up, as this node knows it.
pub(super) fn settings_of(running: &Running) -> EndpointSettings {
    match &running.made {
        Some(made) => lock(&made.settings).clone(),
        None => shown(&running.endpoint()),
    }
}

fn refused(code: ErrorCode, sentence: &str) -> Error {
    Error::refused(code, sentence)
}

fn raced() -> Error {
    refused(
        ErrorCode::Conflict,
        "Somebody else changed this endpoint just now: look at it and try again.",
    )
}

fn missing() -> Error {
    refused(ErrorCode::NotFound, "There is no such endpoint.")
}

impl Outgoing {
    /// Reads which endpoints there are; what cannot be read now is read next time.
    pub(super) async fn read_again(&self) {
        if let Err(error) = self.take_in().await {
            tracing::warn!(%error, "the endpoints that were made by API cannot be read");
        }
    }

    /// Takes in which endpoints there are: those that are gone end, what changed changes, and new ones begin.
    async fn take_in(&self) -> Result<(), StoreError> {
        let Some(dialer) = &self.endpoints.dialer else { return Ok(()) };
        let _turn = self.changing.lock().await;
        let (rows, now) = (rows(&*self.services.store).await?, self.services.clock.now());
        if self.is_stopped() {
            return Ok(());
        }
        let mut wanted: Vec<_> = rows.into_iter().filter(|row| row.deleted.is_none()).collect();
        // The configuration counts where both have a name.
        wanted.retain(|row| !self.is_configured(&row.name));
        wanted.truncate(ENDPOINTS.saturating_sub(self.endpoints.list.len()));
        let before = self.workers.all();
        let is_kept = |running: &Arc<Running>| match &running.made {
            None => true,
            Some(made) => {
                wanted.iter().any(|row| row.name == *running.name() && row.created == made.created)
            }
        };
        let (mut kept, gone): (Vec<_>, Vec<_>) = before.iter().cloned().partition(is_kept);
        self.workers.set(kept.clone());
        for running in gone {
            running.worker.stop();
            drain(&running.worker, |_| true, Instant::now() + DRAIN).await;
        }
        for row in wanted {
            match kept.iter().find(|running| *running.name() == row.name) {
                Some(running) => change(running, dialer, &row, now),
                None => kept.extend(self.begin(dialer, &row, now)),
            }
        }
        self.workers.set(kept);
        self.announce();
        Ok(())
    }

    fn begin(
        &self,
        dialer: &SharedDialer,
        row: &MadeEndpointRow,
        now: Timestamp,
    ) -> Option<Arc<Running>> {
        let target = target(row, now);
        let sender = dialer.dial(&target);
        let sender = sender.inspect_err(|reason| cannot_be_reached(&row.name, reason)).ok()?;
        let made = Made {
            created: row.created,
            settings: Mutex::new(made(row)),
            target: Mutex::new(target),
        };
        let worker = self.worker(endpoint(row), sender, Some(row.created));
        Some(Running::start(worker, Some(made)))
    }

    fn is_configured(&self, name: &str) -> bool {
        self.endpoints.list.iter().any(|endpoint| &*endpoint.name == name)
    }

    /// The dialer, if an endpoint with this name may be changed by API.
    fn changeable(&self, name: &str) -> Result<&SharedDialer, Error> {
        if self.is_configured(name) {
            let sentence = "This endpoint is in the configuration of the servers: change it there.";
            return Err(refused(ErrorCode::Forbidden, sentence));
        }
        self.endpoints.dialer.as_ref().ok_or_else(missing)
    }

    /// Makes an endpoint; it is told what happens from now on.
    ///
    /// # Errors
    /// `conflict` if there is one of this name, `limit_reached` if there are too many, `invalid` for what cannot be.
    pub(crate) async fn create(
        &self,
        name: &str,
        change: &EndpointChange,
        secret: &str,
    ) -> Result<EndpointSettings, Error> {
        if !is_endpoint_name(name) {
            let sentence = "An endpoint's name is 1 to 32 of a-z, 0-9 and -.";
            return Err(refused(ErrorCode::Invalid, sentence));
        }
        let dialer = self.changeable(name)?;
        let (store, now) = (&*self.services.store, self.services.clock.now());
        let row = MadeEndpointRow {
            list: MadeEndpointRow::LIST,
            name: name.into(),
            url: change.url.as_str().into(),
            kinds: joined(&change.kinds).into(),
            contexts: joined(&change.contexts).into(),
            secret: secret.into(),
            former: None,
            former_until: None,
            created: now,
            changed: now,
            deleted: None,
        };
        check(dialer, change, &row, now).await?;
        let rows = rows(store).await?;
        let before = rows.iter().find(|row| &*row.name == name);
        if before.is_some_and(|row| row.deleted.is_none()) {
            let sentence =
                "There is an endpoint with this name: change it, or choose another name.";
            return Err(refused(ErrorCode::Conflict, sentence));
        }
        let used = rows.iter().filter(|row| row.deleted.is_none()).count();
        if used + self.endpoints.list.len() >= ENDPOINTS {
            let sentence = format!("There are {ENDPOINTS} endpoints already.");
            return Err(refused(ErrorCode::LimitReached, &sentence));
        }
        let taken = match before {
            Some(before) => tables::compare_and_set(store, before, &row).await? != Swapped::Done,
            None if rows.len() >= MADE_NAMES => {
                let sentence = "Too many names were used: take one that a deleted endpoint had.";
                return Err(refused(ErrorCode::LimitReached, sentence));
            }
            None => tables::insert_if_absent(store, &row).await?.is_some(),
        };
        if taken {
            return Err(raced());
        }
        self.read_again().await;
        Ok(made(&row))
    }

    /// Changes where an endpoint is and what it is told.
    ///
    /// # Errors
    /// `not_found`, `invalid` for what cannot be, and `conflict` if somebody else changed it at the same time.
    pub(crate) async fn change(
        &self,
        name: &str,
        change: &EndpointChange,
    ) -> Result<EndpointSettings, Error> {
        let dialer = self.changeable(name)?;
        let (before, now) = (self.row(name).await?, self.services.clock.now());
        let row = MadeEndpointRow {
            url: change.url.as_str().into(),
            kinds: joined(&change.kinds).into(),
            contexts: joined(&change.contexts).into(),
            changed: now,
            ..before.clone()
        };
        check(dialer, change, &row, now).await?;
        self.replace(&before, row).await
    }

    /// Gives an endpoint a new secret; the one before signs beside it for a time.
    ///
    /// # Errors
    /// As [`Outgoing::change`].
    pub(crate) async fn rotate(
        &self,
        name: &str,
        secret: &str,
        grace: Duration,
    ) -> Result<EndpointSettings, Error> {
        let dialer = self.changeable(name)?;
        let (before, now) = (self.row(name).await?, self.services.clock.now());
        let grace = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let row = MadeEndpointRow {
            secret: secret.into(),
            former: (grace > 0).then(|| before.secret.clone()),
            former_until: (grace > 0).then(|| now + grace),
            changed: now,
            ..before.clone()
        };
        dialer.dial(&target(&row, now)).map_err(|reason| refused(ErrorCode::Invalid, &reason))?;
        self.replace(&before, row).await
    }

    /// Deletes an endpoint. Its secrets leave the store with this.
    ///
    /// # Errors
    /// As [`Outgoing::change`].
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Error> {
        self.changeable(name)?;
        let (before, now) = (self.row(name).await?, self.services.clock.now());
        let row = MadeEndpointRow {
            url: "".into(),
            secret: "".into(),
            former: None,
            former_until: None,
            changed: now,
            deleted: Some(now),
            ..before.clone()
        };
        self.replace(&before, row).await.map(|_| ())
    }

    async fn row(&self, name: &str) -> Result<MadeEndpointRow, Error> {
        let key = MadeEndpointRow::key(&MadeEndpointRow::LIST, &name.into());
        let row = tables::get::<MadeEndpointRow>(&*self.services.store, key).await?;
        row.filter(|row| row.deleted.is_none()).ok_or_else(missing)
    }

    async fn replace(
        &self,
        before: &MadeEndpointRow,
        row: MadeEndpointRow,
    ) -> Result<EndpointSettings, Error> {
        match tables::compare_and_set(&*self.services.store, before, &row).await? {
            Swapped::Done => {
                self.read_again().await;
                Ok(made(&row))
            }
            Swapped::Found(_) => Err(raced()),
        }
    }
}

/// An endpoint that goes on is what its row says now.
fn change(running: &Running, dialer: &SharedDialer, row: &MadeEndpointRow, now: Timestamp) {
    let Some(made) = &running.made else { return };
    let (endpoint, target) = (endpoint(row), target(row, now));
    if *running.endpoint() != endpoint {
        running.worker.set_endpoint(endpoint);
    }
    *lock(&made.settings) = self::made(row);
    if *lock(&made.target) == target {
        return;
    }
    match dialer.dial(&target) {
        Ok(sender) => {
            running.worker.set_sender(sender);
            *lock(&made.target) = target;
        }
        Err(reason) => cannot_be_reached(&row.name, &reason),
    }
}

fn cannot_be_reached(endpoint: &str, reason: &str) {
    tracing::error!(endpoint, reason, "an endpoint that was made by API cannot be set up");
}

fn joined<const N: usize, const M: usize>(list: &List<Text<N>, M>) -> String {
    list.iter().map(|item| item.as_str()).collect::<Vec<_>>().join(" ")
}

/// Whether an endpoint can be as it is wanted.
async fn check(
    dialer: &SharedDialer,
    change: &EndpointChange,
    row: &MadeEndpointRow,
    now: Timestamp,
) -> Result<(), Error> {
    let invalid = |sentence: &str| Err(refused(ErrorCode::Invalid, sentence));
    if change.kinds.is_empty() {
        return invalid("An endpoint is told at least one kind of event.");
    }
    if let Some(kind) = change.kinds.iter().find(|kind| !is_kind_pattern(kind.as_str())) {
        return invalid(&format!("{} is no kind of event, nor room.* or *.", kind.as_str()));
    }
    if let Some(kind) = change.contexts.iter().find(|kind| !is_context_type(kind.as_str())) {
        return invalid(&format!("{} is no type of contexts.", kind.as_str()));
    }
    let checked = dialer.check(change.url.as_str()).await;
    checked.and_then(|()| dialer.dial(&target(row, now)).map(|_| ())).or_else(|why| invalid(&why))
}
