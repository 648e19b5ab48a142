//! The store port on fjall, a log-structured store inside the process: a team's server needs no
//! other.
//!
//! One thread commits. Writers encode their batches and queue them; the thread takes all that have
//! gathered, writes them as one batch and syncs once, then answers everybody. A row becomes visible
//! to readers only after that sync, so no reader ever sees anything that a crash could undo. Conditional
//! writes are decided on that thread and therefore exact.
//!
//! Stamps are not stored. This process locks the folder and applies requests in the order in which they
//! were queued, and applies nothing later that was answered or given up. So a write that is queued after
//! another was answered comes after it, and its stamp is larger. Two writes that are queued at the same
//! time could be told apart only by their stamps, but core has at most one write of a row in flight, or
//! repairs what the wrong one leaves (the hint of a head, and the marker of someone who leaves). A batch
//! is always one commit: all of it or none. `fresh` is ignored: a null takes one byte.
//!
//! Reads run where they are called: a `get` or a short scan takes microseconds from the memtables
//! and the block cache. Long scans move to tokio's blocking pool.
//!
//! A full disk refuses writes and heals by itself; reads go on (see [`Health`]). The folder is locked
//! by its process and carries the version of its format. [`EmbeddedStore::backup`] copies a running
//! store into one file, and [`restore`] makes a folder of it.
//!
//! `key` and `row` are the encodings, `folder` the lock and the version, `database` one open fjall
//! database, `queue`, `group` and `commit` the committing thread, `checkpoint` what keeps a start short,
//! `backup` and `restore` the copy.

mod backup;
mod checkpoint;
mod commit;
mod database;
mod expiry;
mod folder;
mod frame;
mod group;
mod key;
mod options;
mod queue;
mod restore;
mod row;
mod space;
mod store;

pub use backup::{BackupError, BackupProgress, BackupReport};
pub use folder::{FORMAT, OLDEST_FORMAT};
pub use options::{Health, OpenError, Options};
pub use restore::{RestoreError, restore};
pub use store::EmbeddedStore;
