//! Time: the wall clock, for what people see and for what lasts longer than a process, and the boot
//! clock, for leases.
//!
//! Timeouts and intervals use tokio's own clock, which a simulation can pause. Order never depends
//! on any of them.

use std::{sync::Arc, time::Duration};

use caffis_schema::Timestamp;

/// A source of wall-clock time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in milliseconds since 1970 (UTC). May jump in either direction.
    fn now(&self) -> Timestamp;
}

/// A clock, shared.
pub type SharedClock = Arc<dyn Clock>;

/// A clock that also counts the time in which the machine is suspended, so that whoever wakes up sees
/// how long ago its lease was renewed. Tokio's clock, and timers with it, stand still meanwhile.
pub trait BootClock: Send + Sync + 'static {
    /// The time since some moment before the process began. Never goes back, and does not follow the
    /// wall clock when that is set. Only differences within one process mean something; two machines'
    /// clocks drift apart.
    fn elapsed(&self) -> Duration;
}

/// A boot clock, shared.
pub type SharedBootClock = Arc<dyn BootClock>;
