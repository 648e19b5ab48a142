//! Restore: a backup's file into a new folder. The rows go into a folder beside it, which takes the
//! place of the wanted one only when everything has been read, checked and made durable.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use caffis_core::ports::clock::SharedClock;

use crate::{
    backup::BackupReport,
    database::Database,
    folder::{FORMAT, Folder, OLDEST_FORMAT, sync_folder},
    frame::{Frame, FrameError, Reader},
    options::{OpenError, Options},
};

/// Why a backup was not restored. Nothing is left in the folder.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder is not empty.
    #[error("{} is not an empty folder", .0.display())]
    NotEmpty(PathBuf),
    /// The file is not a whole backup.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// The file was written by another version of this program.
    #[error("the backup has {what} {found}; this program reads {expected} only")]
    Version {
        /// Which format.
        what: &'static str,
        /// The file's.
        found: u32,
        /// This program's.
        expected: u32,
    },
    /// The file cannot be read, or the folder not be written.
    #[error("the backup cannot be restored: {0}")]
    Io(#[from] io::Error),
    /// The new store could not be made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The new store could not be written.
    #[error("the new store cannot be written: {0}")]
    Store(String),
}

impl From<FrameError> for RestoreError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => Self::Io(error),
            FrameError::Damaged(reason) => Self::Damaged(reason),
            FrameError::Version { what, found, expected } => {
                Self::Version { what, found, expected }
            }
        }
    }
}

impl From<fjall::Error> for RestoreError {
    fn from(error: fjall::Error) -> Self {
        Self::Store(error.to_string())
    }
}

/// Removes the half-made folder unless it was kept.
struct Workplace(Option<PathBuf>);

impl Drop for Workplace {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = fs::remove_dir_all(&path)
        {
            tracing::warn!(path = %path.display(), %error, "a half-made restore is left behind");
        }
    }
}

/// Makes a store of a backup, in a folder that does not exist or is empty. Blocks.
///
/// # Errors
///
/// The folder holds something, the file is not a whole backup of this format, or the system
/// refuses; then there is no new store.
pub fn restore(
    reader: impl Read,
    path: impl AsRef<Path>,
    clock: SharedClock,
) -> Result<BackupReport, RestoreError> {
    let path = std::path::absolute(path.as_ref())?;
    match fs::read_dir(&path).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(RestoreError::NotEmpty(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!("{name}.restoring-{}", std::process::id()));
    fs::create_dir_all(path.parent().unwrap_or(&path))?;
    fs::create_dir(&beside)?;
    let mut workplace = Workplace(Some(beside.clone()));
    let report = fill(reader, &beside, clock)?;
    fs::rename(&beside, &path)?;
    workplace.0 = None;
    sync_folder(path.parent().unwrap_or(&path))?;
    Ok(report)
}

fn fill(reader: impl Read, path: &Path, clock: SharedClock) -> Result<BackupReport, RestoreError> {
    let counting = Counting { inner: io::BufReader::new(reader), bytes: Arc::default() };
    let bytes = Arc::clone(&counting.bytes);
    let mut frames = Reader::start(counting, OLDEST_FORMAT..=FORMAT)?;
    let folder = Folder::open(path)?;
    let options = Options::new(clock);
    let now = Arc::new(AtomicU64::new(0));
    let database = Database::open(&folder.data(), &options, &now)?;
    let result = tables(&mut frames, &database);
    database.close(&folder.data());
    let (tables, rows) = result?;
    for file in [folder.data(), path.to_owned()] {
        File::open(file)?.sync_all()?;
    }
    Ok(BackupReport { tables, rows, bytes: bytes.load(Ordering::Relaxed) })
}

/// Reads all tables; gives how many tables and rows there are.
fn tables<R: Read>(
    frames: &mut Reader<R>,
    database: &Database,
) -> Result<(u32, u64), RestoreError> {
    let damaged = |what: &str| RestoreError::Damaged(what.to_owned());
    let (mut tables, mut rows) = (0, 0);
    let mut frame = frames.next()?;
    loop {
        let name = match frame {
            Frame::Table(name) => name,
            Frame::Rows(_) => return Err(damaged("rows come before their table")),
            Frame::End { tables: t, rows: r } if (t, r) == (tables, rows) => {
                return Ok((tables, rows));
            }
            Frame::End { .. } => return Err(damaged("rows are missing")),
        };
        let valid = !name.is_empty() && name.len() < 256 && !name.starts_with('$');
        if !valid || database.table(&name).is_some() {
            return Err(damaged("a table's name is not right"));
        }
        tables += 1;
        let table = database.make_table(&name)?;
        let mut ingestion = table.start_ingestion()?;
        let mut last: Option<Vec<u8>> = None;
        frame = loop {
            match frames.next()? {
                Frame::Rows(found) => {
                    for (key, value) in found {
                        if key.is_empty() || key.len() > usize::from(u16::MAX) {
                            return Err(damaged("a key is too short or too long"));
                        }
                        if last.as_ref().is_some_and(|last| *last >= key) {
                            return Err(damaged("rows are out of order"));
                        }
                        ingestion.write(key.as_slice(), value)?;
                        last = Some(key);
                        rows += 1;
                    }
                }
                other => break other,
            }
        };
        ingestion.finish()?;
    }
}

/// Counts what is read.
struct Counting<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
