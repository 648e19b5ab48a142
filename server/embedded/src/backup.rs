//! Backup: a snapshot of the whole store into one file, while the store goes on.

use std::{
    io::{self, Write},
    sync::atomic::Ordering,
};

use fjall::Readable;

use crate::{commit::Shared, folder::FORMAT, frame::Writer};

/// How far a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupProgress {
    /// Rows written so far.
    pub rows: u64,
    /// Bytes written so far.
    pub bytes: u64,
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// The tables.
    pub tables: u32,
    /// The rows of all tables.
    pub rows: u64,
    /// The size of the file.
    pub bytes: u64,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It could not be written.
    #[error("the backup cannot be written: {0}")]
    Write(#[from] io::Error),
    /// The store could not be read.
    #[error("the store cannot be read: {0}")]
    Store(String),
    /// The store ran out of disk space and is being reopened; try again later.
    #[error("the store was reopened during the backup; try again")]
    Interrupted,
}

/// Writes everything that is durable now.
pub(crate) fn run(
    shared: &Shared,
    out: impl Write,
    mut progress: impl FnMut(BackupProgress),
) -> Result<BackupReport, BackupError> {
    let read_error = |error: fjall::Error| BackupError::Store(error.to_string());
    let database = shared.current().map_err(|error| BackupError::Store(error.to_string()))?;
    let snapshot = database.snapshot();
    let mut writer = Writer::start(out, FORMAT, shared.options.clock.now().get())?;
    for name in database.table_names() {
        let Some(table) = database.table(&name) else { continue };
        writer.table(&name)?;
        for row in snapshot.iter(&table) {
            if shared.reopening.load(Ordering::Relaxed) {
                return Err(BackupError::Interrupted);
            }
            let (key, value) = row.into_inner().map_err(read_error)?;
            if writer.row(&key, &value)? {
                progress(BackupProgress { rows: writer.row_count, bytes: writer.bytes });
            }
        }
    }
    let tables = writer.end()?;
    let report = BackupReport { tables, rows: writer.row_count, bytes: writer.bytes };
    progress(BackupProgress { rows: report.rows, bytes: report.bytes });
    Ok(report)
}
