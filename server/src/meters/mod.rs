//! What the server counts beside core: connections, admissions, and the calls to store and bus.
//!
//! Counters are atomics that are written where things happen; `http::metrics` reads them.

mod bus;
mod calls;
mod store;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use caffis_link::Kind;

pub use self::{
    bus::{BusMeters, MeasuredBus},
    calls::Calls,
    store::{MeasuredStore, StoreMeters},
};

/// The transports by which people come.
const TRANSPORTS: [Kind; 4] = [Kind::WebSocket, Kind::Quic, Kind::WebTransport, Kind::Sse];

/// All counters. Shared by everything that writes or reads them.
#[derive(Debug)]
pub struct Meters {
    /// When the process began to count.
    pub started: SystemTime,
    links: [Links; TRANSPORTS.len()],
    admissions: [AtomicU64; Admitted::ALL.len()],
    /// Calls to the store.
    pub store: Arc<StoreMeters>,
    /// Calls to the bus.
    pub bus: Arc<BusMeters>,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            started: SystemTime::now(),
            links: Default::default(),
            admissions: Default::default(),
            store: Arc::default(),
            bus: Arc::default(),
        }
    }
}

/// The links of one transport.
#[derive(Debug, Default)]
struct Links {
    open: AtomicU64,
    opened: AtomicU64,
}

/// Whether a connection was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It was.
    Yes,
    /// Its address has as many as it may.
    LimitReached,
    /// Its address connects too often.
    RateLimited,
    /// Its address has too many TCP sockets, links or not.
    TooManySockets,
}

impl Admitted {
    const ALL: [Self; 4] = [Self::Yes, Self::LimitReached, Self::RateLimited, Self::TooManySockets];

    const fn name(self) -> &'static str {
        match self {
            Self::Yes => "admitted",
            Self::LimitReached => "limit_reached",
            Self::RateLimited => "rate_limited",
            Self::TooManySockets => "too_many_sockets",
        }
    }
}

impl Meters {
    /// A link has come; it is counted as open until the answer is dropped.
    #[must_use]
    pub fn link(self: &Arc<Self>, kind: Kind) -> Option<OpenLink> {
        let place = TRANSPORTS.iter().position(|transport| *transport == kind)?;
        self.links[place].open.fetch_add(1, Ordering::Relaxed);
        self.links[place].opened.fetch_add(1, Ordering::Relaxed);
        Some(OpenLink { meters: self.clone(), place })
    }

    /// A connection was let in or not.
    pub fn admitted(&self, result: Admitted) {
        self.admissions[result as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The links that are open, by transport.
    pub fn open_links(&self) -> impl Iterator<Item = (String, u64)> {
        self.each_transport(|links| &links.open)
    }

    /// The links that have come so far, by transport.
    pub fn opened_links(&self) -> impl Iterator<Item = (String, u64)> {
        self.each_transport(|links| &links.opened)
    }

    fn each_transport(
        &self,
        which: impl Fn(&Links) -> &AtomicU64,
    ) -> impl Iterator<Item = (String, u64)> {
        let read = move |links| which(links).load(Ordering::Relaxed);
        TRANSPORTS.iter().zip(&self.links).map(move |(kind, links)| (kind.to_string(), read(links)))
    }

    /// Connections so far, by whether they were let in.
    pub fn admissions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Admitted::ALL
            .iter()
            .zip(&self.admissions)
            .map(|(result, count)| (result.name(), count.load(Ordering::Relaxed)))
    }
}

/// An open link. Dropping it counts it as ended.
#[derive(Debug)]
pub struct OpenLink {
    meters: Arc<Meters>,
    place: usize,
}

impl Drop for OpenLink {
    fn drop(&mut self) {
        self.meters.links[self.place].open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_link_counts_until_it_ends() {
        let meters = Arc::new(Meters::default());
        let counts = || {
            let both = meters.open_links().zip(meters.opened_links());
            both.map(|((_, open), (_, opened))| (open, opened)).collect::<Vec<_>>()
        };
        let (first, second) = (meters.link(Kind::Quic), meters.link(Kind::Quic));
        assert_eq!(counts(), [(0, 0), (2, 2), (0, 0), (0, 0)]);
        drop(first);
        assert_eq!(counts(), [(0, 0), (1, 2), (0, 0), (0, 0)]);
        drop(second);
        assert!(meters.link(Kind::Memory).is_none());
        assert_eq!(counts(), [(0, 0), (0, 2), (0, 0), (0, 0)]);
    }

    #[test]
    fn admissions_are_counted_by_their_result() {
        let meters = Meters::default();
        for (times, result) in (1..).zip(Admitted::ALL) {
            (0..times).for_each(|_| meters.admitted(result));
        }
        let counted: Vec<_> = meters.admissions().collect();
        let expected =
            [("admitted", 1), ("limit_reached", 2), ("rate_limited", 3), ("too_many_sockets", 4)];
        assert_eq!(counted, expected);
    }
}
