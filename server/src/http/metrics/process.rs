//! The metrics that every process has, under the names that Prometheus gives them everywhere. What only
//! `/proc` tells is missing where there is none.

use std::{
    fmt, fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

use super::writer::Writer;

/// Writes them.
pub(super) fn write(writer: &mut Writer<'_>, started: SystemTime) -> fmt::Result {
    let started = started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let name = "process_start_time_seconds";
    writer.gauge(name, "When the process started, in seconds since 1970.", started)?;
    let name = "process_cpu_seconds";
    writer.seconds(name, "Time that the process has used of all processors.", cpu_time())?;
    let most = getrlimit(Resource::Nofile).current.map_or(f64::INFINITY, |most| most as f64);
    writer.gauge("process_max_fds", "Files that the process may have open.", most)?;
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        let open = files.count() as f64;
        writer.gauge("process_open_fds", "Files that the process has open.", open)?;
    }
    if let Some(bytes) = resident_bytes() {
        let name = "process_resident_memory_bytes";
        writer.gauge(name, "Memory of the process that is in RAM.", bytes)?;
    }
    Ok(())
}

fn cpu_time() -> Duration {
    // Neither part is ever negative on this clock.
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells_of_this_process() {
        assert!(resident_bytes().unwrap() > 1e6);
        let before = cpu_time();
        assert!((0..100_000).map(std::hint::black_box).sum::<u64>() > 0);
        assert!(cpu_time() > before);
    }
}
