//! Free space on the file system.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// How much a probe writes for real.
const PROBE_BYTES: usize = 256 * 1024;

/// How large a file must be allowed to become: fjall's journal is made with 64 MiB at once.
const PROBE_FILE_BYTES: u64 = 68 * 1024 * 1024;

const PROBE_FILE: &str = "probe";

/// The bytes that this process may still write to the file system of a folder.
pub(crate) fn free(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Checks that files can be written and can grow: free space says nothing about quotas and limits.
pub(crate) fn probe(path: &Path) -> io::Result<()> {
    let file = path.join(PROBE_FILE);
    let written = (|| {
        let mut probe = File::create(&file)?;
        probe.write_all(&[0x5a; PROBE_BYTES])?;
        probe.sync_data()?;
        probe.set_len(PROBE_FILE_BYTES)
    })();
    let removed = fs::remove_file(&file);
    written.and(removed)
}

/// Whether an error means that the disk is full.
pub(crate) fn is_full(error: &fjall::Error) -> bool {
    let io = match error {
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) => io,
        _ => return false,
    };
    is_full_io(io)
}

/// Whether a system error means that the disk is full.
pub(crate) fn is_full_io(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
