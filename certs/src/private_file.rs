//! Files that only their owner can read.

use std::{fs, io::Write, os::unix::fs::DirBuilderExt, os::unix::fs::OpenOptionsExt, path::Path};

use crate::CertError;

/// Writes a file that is never seen half written.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CertError> {
    // Written to another name and then moved, so that no reader sees half of it.
    let aside = path.with_extension("new");
    let _ = fs::remove_file(&aside);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&aside).map_err(CertError::unreadable(&aside))?;
    file.write_all(bytes).map_err(CertError::unreadable(&aside))?;
    file.sync_all().map_err(CertError::unreadable(&aside))?;
    fs::rename(&aside, path).map_err(CertError::unreadable(path))
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), CertError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(CertError::unreadable(path))
}
