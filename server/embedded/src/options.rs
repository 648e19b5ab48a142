//! How a store is opened, and how it is.

use std::path::PathBuf;

use caffis_core::ports::clock::SharedClock;

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// The wall clock by which rows with a time to live end.
    pub clock: SharedClock,
    /// Memory for blocks read from disk, for all tables together. 64 MiB by default.
    pub block_cache_bytes: u64,
    /// The most memory for one table's newest rows before they are written to a file. 32 MiB by
    /// default.
    pub write_buffer_bytes: u64,
    /// Free space on the file system below which writes are refused, so that the disk is never quite
    /// full. 64 MiB by default.
    pub reserve_bytes: u64,
}

impl Options {
    /// The defaults.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            block_cache_bytes: 64 * 1024 * 1024,
            write_buffer_bytes: 32 * 1024 * 1024,
            reserve_bytes: 64 * 1024 * 1024,
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another store of this process, has it.
    #[error("the store in {} is in use by another process", path.display())]
    Locked {
        /// The store's folder.
        path: PathBuf,
    },
    /// It was written by a much older or a newer version of this program.
    #[error("the store has format {found}; this program reads formats {oldest} to {newest}")]
    Format {
        /// The format in the folder.
        found: u32,
        /// The oldest format that this program reads.
        oldest: u32,
        /// The format of this program.
        newest: u32,
    },
    /// The folder holds something else.
    #[error("{} is not a store: {reason}", path.display())]
    NotAStore {
        /// The folder.
        path: PathBuf,
        /// What is there instead.
        reason: String,
    },
    /// The file system refused.
    #[error("the store in {} cannot be opened: {error}", path.display())]
    Io {
        /// The store's folder.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// The files cannot be read as a database.
    #[error("the store in {} cannot be opened: {reason}", path.display())]
    Database {
        /// The store's folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// How a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It reads and writes.
    Healthy,
    /// Out of disk space: it reads, and writes again within seconds once there is space.
    Full,
    /// It no longer writes, and reads if it can. An operator must look at it and restart it.
    Failed(String),
}
