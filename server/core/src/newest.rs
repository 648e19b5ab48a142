//! What people's presence is now, for whoever wants to hear of it outside the chat: of each person the newest
//! counts, and one may be missed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwap;
use caffis_schema::{Timestamp, UserId, room::Presence};
use tokio::sync::Notify;

use crate::sync::lock;

/// The most people of whom something waits to be told.
pub(crate) const PEOPLE: usize = 10_000;

/// A presence, and when it became so.
pub(crate) type Edge = (Timestamp, Presence);

/// What waits to be told, of each person the newest.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    people: Mutex<BTreeMap<UserId, Edge>>,
    noted: Notify,
}

impl Newest {
    /// A person's presence is this one now.
    pub(crate) fn note(&self, edge: Edge) {
        {
            let mut people = lock(&self.people);
            let user = &edge.1.user;
            if people.len() >= PEOPLE && !people.contains_key(user) {
                return;
            }
            people.insert(user.clone(), edge);
        }
        self.noted.notify_one();
    }

    /// Something could not be told: it waits again, unless there is something newer.
    pub(crate) fn put_back(&self, edge: Edge) {
        let newer = lock(&self.people).contains_key(&edge.1.user);
        if !newer {
            self.note(edge);
        }
    }

    /// Takes one that waits, once there is one.
    pub(crate) async fn take(&self) -> Edge {
        loop {
            if let Some((_, edge)) = lock(&self.people).pop_first() {
                return edge;
            }
            self.noted.notified().await;
        }
    }
}

/// Whoever wants to hear outside the chat how people are: mostly nobody.
#[derive(Debug, Default)]
pub(crate) struct PresenceNews(ArcSwap<Vec<Arc<Newest>>>);

impl PresenceNews {
    /// From now on these hear of it.
    pub(crate) fn set(&self, hearing: Vec<Arc<Newest>>) {
        self.0.store(Arc::new(hearing));
    }

    /// Whether nobody does.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.load().is_empty()
    }

    /// A person's presence is this one now.
    pub(crate) fn note(&self, edge: &Edge) {
        self.0.load().iter().for_each(|newest| newest.note(edge.clone()));
    }
}
