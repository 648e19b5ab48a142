//! A connected person's presence, as their sessions make it.

use std::collections::BTreeMap;

use caffis_schema::{
    SessionId, Text, Timestamp, UserId,
    limits::STATUS_BYTES,
    room::{Availability, OwnState, Presence},
};

use super::elsewhere::There;

/// A person's presence, as their sessions make it.
#[derive(Clone, Debug, Default)]
pub struct PresenceState {
    pub(super) sessions: BTreeMap<SessionId, Availability>,
    /// Their own words.
    pub status: Option<Text<STATUS_BYTES>>,
    /// Whether they keep to themselves what they have read.
    pub private_receipts: bool,
    /// When they were last connected.
    pub last_seen: Option<Timestamp>,
    pub(super) version: u64,
    pub(super) told: Option<Availability>,
}

impl PresenceState {
    /// Someone who is not connected yet.
    #[must_use]
    pub fn offline(
        status: Option<Text<STATUS_BYTES>>,
        private_receipts: bool,
        last_seen: Option<Timestamp>,
    ) -> Self {
        Self { status, private_receipts, last_seen, ..Self::default() }
    }

    /// The same, whose next version is larger than this one.
    #[must_use]
    pub(super) fn after(self, version: u64) -> Self {
        Self { version: self.version.max(version), ..self }
    }

    /// What the person's own sessions are told.
    #[must_use]
    pub fn own(&self, user: &UserId) -> OwnState {
        OwnState { presence: self.presence(user), private_receipts: self.private_receipts }
    }

    pub(super) fn availability(&self) -> Availability {
        self.sessions.values().fold(Availability::Offline, |most, other| most.max_of(*other))
    }

    pub(super) fn presence(&self, user: &UserId) -> Presence {
        // In the moment after the last session, others are not told yet.
        let availability = self.told.unwrap_or_else(|| self.availability());
        let last_seen = (availability == Availability::Offline).then_some(self.last_seen).flatten();
        Presence {
            user: user.clone(),
            version: self.version,
            availability,
            last_seen,
            status: self.status.clone(),
        }
    }

    /// As other nodes are told of them.
    pub(super) fn there(&self, sessions: u32) -> There {
        There {
            availability: self.told.unwrap_or_else(|| self.availability()),
            sessions,
            version: self.version,
            status: self.status.clone(),
            last_seen: self.last_seen,
        }
    }

    /// Larger than before also after a restart, and when the wall clock was set back.
    pub(super) fn count(&mut self, now: Timestamp) {
        self.version = (self.version + 1).max(now.get());
    }

    pub(super) fn edge(&mut self, user: &UserId, now: Timestamp) -> Presence {
        self.count(now);
        self.told = Some(self.availability());
        self.presence(user)
    }
}
