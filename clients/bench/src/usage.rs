//! What a process uses: CPU time from the scheduler's count, memory from the kernel.

use std::{fs, time::Duration};

/// CPU time of all threads of a process.
pub(crate) fn cpu(process: u32) -> Duration {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Duration::ZERO };
    let nanoseconds = threads
        .flatten()
        .map(|thread| running(&thread.path().join("schedstat").to_string_lossy()))
        .sum();
    Duration::from_nanos(nanoseconds)
}

/// CPU time of this thread.
pub(crate) fn own_thread() -> Duration {
    Duration::from_nanos(running("/proc/thread-self/schedstat"))
}

fn running(path: &str) -> u64 {
    let Ok(text) = fs::read_to_string(path) else { return 0 };
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Resident memory of a process, in bytes.
pub(crate) fn memory(process: u32) -> u64 {
    status(process, "VmRSS:")
}

/// The most resident memory that a process ever had, in bytes.
pub(crate) fn peak(process: u32) -> u64 {
    status(process, "VmHWM:")
}

fn status(process: u32, field: &str) -> u64 {
    let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Cores, memory in GiB and processor of this machine.
pub(crate) fn machine() -> serde_json::Value {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let memory = memory.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let gibibytes = memory.unwrap_or(0).div_ceil(1024 * 1024);
    serde_json::json!({ "cores": cores, "memory_gib": gibibytes })
}
