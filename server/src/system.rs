//! The machine's clocks and randomness, as core's ports.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use caffis_core::ports::{
    clock::{BootClock, Clock},
    entropy::Entropy,
};
use caffis_schema::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use rustix::time::{ClockId, clock_gettime};

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::after_epoch(since)
    }
}

/// The machine's boot clock: `CLOCK_BOOTTIME` on Linux, and elsewhere `CLOCK_MONOTONIC`, which counts
/// suspends on macOS. On other systems it may not: run clusters on Linux.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemBootClock;

impl SystemBootClock {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;
}

impl BootClock for SystemBootClock {
    fn elapsed(&self) -> Duration {
        // Neither part is ever negative on these clocks.
        let time = clock_gettime(Self::CLOCK);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    }
}

/// The machine's source of randomness.
#[derive(Debug)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Going on without randomness would make identifiers that can be guessed.
        if self.0.fill(buffer).is_err() {
            tracing::error!("the system gives no randomness");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_boot_clock_never_goes_back() {
        let mut last = SystemBootClock.elapsed();
        assert!(!last.is_zero());
        for _ in 0..10_000 {
            let now = SystemBootClock.elapsed();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_boot_clock_is_the_time_since_boot() {
        // The system says the same, in hundredths of a second, and counts suspends.
        let uptime = || {
            let text = fs::read_to_string("/proc/uptime").unwrap();
            Duration::from_secs_f64(text.split(' ').next().unwrap().parse().unwrap())
        };
        let before = uptime();
        let now = SystemBootClock.elapsed();
        let hundredth = Duration::from_millis(10);
        assert!(before <= now + hundredth && now <= uptime() + hundredth, "{before:?} {now:?}");
    }
}
