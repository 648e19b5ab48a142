//! Folders for the files of servers: removed with their handle, or by the next start if the process that had
//! them was killed.
//!
//! A folder is somebody's as long as the file `lock` in it is locked. The system releases the lock
//! with the process, whatever ends it.

use std::{
    env,
    fs::{self, File},
    path::Path,
};

use tempfile::TempDir;

/// How the names of all of them begin.
const PREFIX: &str = "caffis-servers-";
const LOCK: &str = "lock";
/// How often a folder is made, should somebody take it for one that was left behind.
const TRIES: usize = 10;

/// A folder of this process.
pub(crate) struct Folder {
    // Removed while the lock is held.
    folder: TempDir,
    _lock: File,
}

impl Folder {
    /// Makes one whose name has this word, and removes those that were left behind.
    pub(crate) fn make(word: &str) -> Self {
        remove_abandoned(&env::temp_dir());
        for _ in 0..TRIES {
            let name = format!("{PREFIX}{word}-");
            let folder = tempfile::Builder::new().prefix(&name).tempdir().expect("a folder");
            let path = folder.path().join(LOCK);
            let Ok(lock) = File::create(&path) else { continue };
            // Between the two lines above and this one somebody may have removed it.
            if lock.try_lock().is_ok() && path.exists() {
                return Self { folder, _lock: lock };
            }
        }
        panic!("no folder can be kept in {}", env::temp_dir().display());
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders whose processes have ended without doing so.
fn remove_abandoned(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && let Ok(lock) = File::open(entry.path().join(LOCK))
            && lock.try_lock().is_ok()
        {
            // Somebody else's folder cannot be removed, and stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_abandoned_folders_are_removed() {
        let kept = Folder::make("test");
        let abandoned = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
        File::create(abandoned.path().join(LOCK)).unwrap();
        let other = tempfile::Builder::new().prefix("caffis-other-").tempdir().unwrap();
        File::create(other.path().join(LOCK)).unwrap();
        let next = Folder::make("test");
        assert!(kept.path().exists() && next.path().exists() && other.path().exists());
        assert!(!abandoned.path().exists(), "its process has ended");
        let path = next.path().to_owned();
        drop(next);
        assert!(!path.exists(), "it is removed with its handle");
    }
}
