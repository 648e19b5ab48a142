//! Wall-clock time, for what people see and for what lasts longer than a process.
//!
//! Timeouts and intervals use tokio's own clock, which a simulation can pause. Order never depends
//! on either.

use std::sync::Arc;

use caffis_schema::Timestamp;

/// A source of wall-clock time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in milliseconds since 1970 (UTC). May jump in either direction.
    fn now(&self) -> Timestamp;
}

/// A clock, shared.
pub type SharedClock = Arc<dyn Clock>;
