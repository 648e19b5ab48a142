//! Wall clocks, and what devices and tokens take from them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use caffis_client::Environment;
use caffis_conformance::random::Random;
use caffis_core::{
    model::caller::Rights,
    ports::{
        authenticator::{Authenticator, Identity, IdentityFuture, TokenError},
        clock::Clock,
        entropy::Entropy,
    },
};
use caffis_schema::{Timestamp, UserId};
use tokio::time::Instant;

use crate::trace::lock;

/// When the simulation begins: 2026-01-01, in milliseconds since 1970.
const START: u64 = 1_767_225_600_000;

/// A wall clock: runs with paused time, and jumps when told to.
pub(crate) struct Wall {
    began: Instant,
    skew: AtomicI64,
}

impl Wall {
    /// A clock that is wrong by so many milliseconds.
    pub(crate) fn new(skew: i64) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), skew: AtomicI64::new(skew) })
    }

    /// Makes the clock wrong by so many milliseconds; gives by how many it jumps.
    pub(crate) fn jump_to(&self, skew: i64) -> i64 {
        skew - self.skew.swap(skew, Ordering::Relaxed)
    }

    fn plus(&self, skew: i64) -> Timestamp {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp((START + passed).saturating_add_signed(skew))
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.plus(self.skew.load(Ordering::Relaxed))
    }
}

/// A number of milliseconds up to a limit, either way.
pub(crate) fn either_way(random: &mut Random, most: i64) -> i64 {
    let span = usize::try_from(2 * most + 1).unwrap_or(usize::MAX);
    i64::try_from(random.below(span)).unwrap_or(0) - most
}

/// Randomness from a seed.
pub(crate) struct Seeded(Mutex<Random>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Random::new(seed))))
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        fill(&self.0, buffer);
    }
}

fn fill(random: &Mutex<Random>, buffer: &mut [u8]) {
    let mut random = lock(random);
    for chunk in buffer.chunks_mut(8) {
        chunk.copy_from_slice(&random.number().to_le_bytes()[..chunk.len()]);
    }
}

/// A device's own clock, which is slightly off, and its randomness.
pub(crate) struct Pocket {
    wall: Arc<Wall>,
    skew: i64,
    random: Mutex<Random>,
}

impl Pocket {
    /// The clock and the randomness of one device.
    pub(crate) fn new(wall: Arc<Wall>, random: &mut Random) -> Arc<Self> {
        let skew = either_way(random, 300_000);
        Arc::new(Self { wall, skew, random: Mutex::new(Random::new(random.number())) })
    }
}

impl Environment for Pocket {
    fn now(&self) -> Timestamp {
        self.wall.plus(self.skew)
    }

    fn fill(&self, buffer: &mut [u8]) {
        fill(&self.random, buffer);
    }
}

/// A token is the person's id.
pub(crate) struct Tokens(pub(crate) Arc<Wall>);

impl Authenticator for Tokens {
    fn identify<'a>(&'a self, token: &'a str) -> IdentityFuture<'a> {
        Box::pin(async move {
            let user = UserId::new(token).map_err(|e| TokenError::Invalid(e.to_string()))?;
            // The check at the end reads what everybody wrote.
            let rights = Rights { read_history: true, ..Rights::USUAL };
            let service = token.starts_with("service:").then_some(rights);
            let now = self.0.now();
            let expires = now + 30 * 86_400_000;
            Ok(Identity { user, name: None, picture: None, issued: now, expires, service })
        })
    }
}
