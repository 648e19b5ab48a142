//! A store's folder: `format` (a line with the version), `lock` (held while the store is open) and
//! `data` (fjall's).

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::options::OpenError;

/// The version of the storage format that this program writes: that of the tables.
pub const FORMAT: u32 = caffis_core::tables::VERSION;

/// The oldest format that this program reads. Since then tables were added, and columns at the end of their
/// rows, which older rows read as null; so a folder is brought to [`FORMAT`] by saying so.
pub const OLDEST_FORMAT: u32 = 7;

const FORMAT_FILE: &str = "format";
const FORMAT_PREFIX: &str = "caffis-store ";
const LOCK_FILE: &str = "lock";
const DATA_FOLDER: &str = "data";

/// The most bytes of a format file that are read.
const FORMAT_FILE_BYTES: usize = 64;

/// A locked folder with the right format. Unlocks when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Locks the folder and checks its format; makes both when there is nothing yet.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let io = |error| OpenError::Io { path: path.to_owned(), error };
        fs::create_dir_all(path).map_err(io)?;
        if !path.join(FORMAT_FILE).exists() {
            refuse_foreign(path)?;
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK_FILE))
            .map_err(io)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::Locked { path: path.to_owned() },
            TryLockError::Error(error) => io(error),
        })?;
        match fs::read(path.join(FORMAT_FILE)) {
            Ok(bytes) => {
                // From now on programs that know only the older format refuse it.
                if read_format(path, &bytes)? < FORMAT {
                    write_format(path).map_err(io)?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                write_format(path).map_err(io)?;
            }
            Err(error) => return Err(io(error)),
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The store's folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where fjall's files are.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join(DATA_FOLDER)
    }
}

/// A folder without a format must be empty, but for what an interrupted first start leaves.
fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    let io = |error| OpenError::Io { path: path.to_owned(), error };
    for entry in fs::read_dir(path).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let name = name.to_string_lossy();
        if name != LOCK_FILE && name != format!("{FORMAT_FILE}.new") && name != "lost+found" {
            let reason = format!("it has no format file, but holds {name}");
            return Err(OpenError::NotAStore { path: path.to_owned(), reason });
        }
    }
    Ok(())
}

fn read_format(path: &Path, bytes: &[u8]) -> Result<u32, OpenError> {
    let text = std::str::from_utf8(&bytes[..bytes.len().min(FORMAT_FILE_BYTES)]);
    let found = text.ok().and_then(|t| t.strip_prefix(FORMAT_PREFIX)?.trim().parse::<u32>().ok());
    match found {
        Some(found) if (OLDEST_FORMAT..=FORMAT).contains(&found) => Ok(found),
        Some(found) => Err(OpenError::Format { found, oldest: OLDEST_FORMAT, newest: FORMAT }),
        None => Err(OpenError::NotAStore {
            path: path.to_owned(),
            reason: "its format file says something else".into(),
        }),
    }
}

fn write_format(path: &Path) -> io::Result<()> {
    let new = path.join(format!("{FORMAT_FILE}.new"));
    let mut file = File::create(&new)?;
    writeln!(file, "{FORMAT_PREFIX}{FORMAT}")?;
    file.sync_all()?;
    fs::rename(new, path.join(FORMAT_FILE))?;
    sync_folder(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
