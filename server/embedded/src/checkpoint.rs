//! Checkpoints: what keeps a start short.
//!
//! A start reads the journals again, about a microsecond a row, and fjall begins a new journal only
//! after 64 MB. So when the store has had nothing to write for a while, and when it closes, all rows
//! go into tables; then the journals hold nothing that a table does not, and they are emptied while
//! the database is closed for a moment.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::database::Database;

/// Smaller journals are left as they are.
const WORTHWHILE_BYTES: u64 = 4 * 1024 * 1024;

/// How long the store must have been quiet before a checkpoint begins.
pub(crate) const QUIET: Duration = Duration::from_secs(2);

/// How long closing waits for the tables to be written.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(3);

/// The journals of a database with their numbers.
fn journals(data: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether the journals are long enough for a checkpoint. New ones are sparse files: what counts is
/// what is in them.
pub(crate) fn is_worthwhile(data: &Path) -> bool {
    let bytes = |path: &PathBuf| fs::metadata(path).map_or(0, |file| file.blocks() * 512);
    let journals = journals(data).unwrap_or_default();
    journals.iter().map(|(_, path)| bytes(path)).sum::<u64>() >= WORTHWHILE_BYTES
}

/// Empties the journals of a closed database whose rows are all in tables. If this is interrupted, the
/// next start reads what is left and finds that the tables have it already.
pub(crate) fn empty_journals(data: &Path) -> io::Result<()> {
    let mut journals = journals(data)?;
    let Some((_, newest)) = journals.pop() else {
        return Ok(());
    };
    for (_, old) in journals {
        fs::remove_file(old)?;
    }
    let newest = OpenOptions::new().write(true).open(newest)?;
    newest.set_len(0)?;
    newest.sync_all()
}

/// Closes a database for good; empties its journals if that is worthwhile and possible in time.
pub(crate) fn close(database: Database, data: &Path) {
    if !is_worthwhile(data) || database.begin_flush().is_err() {
        return database.close(data);
    }
    let deadline = Instant::now() + CLOSING_TIMEOUT;
    while !database.is_flushed() && database.is_writable() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    let flushed = database.is_flushed() && database.is_writable();
    database.close(data);
    if flushed && let Err(error) = empty_journals(data) {
        tracing::warn!(%error, "the journals cannot be emptied; the next start reads them");
    }
}
