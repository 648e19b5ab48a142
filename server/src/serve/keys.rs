//! The keys of the QUIC endpoint. They stay over restarts, so that clients of the process before
//! learn at once that it is gone.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use caffis_core::ports::entropy;
use caffis_transport::quic::EndpointKeys;

use crate::system::SystemEntropy;

const FILE: &str = "quic-keys";

/// The reset key and the key of the connection ids.
const BYTES: usize = 64 + 8;

/// The keys in the data folder, made at the first start.
pub(super) fn load_or_create(data: &Path) -> io::Result<EndpointKeys> {
    let path = data.join(FILE);
    if let Ok(bytes) = fs::read(&path)
        && let Ok(bytes) = <[u8; BYTES]>::try_from(bytes)
    {
        return Ok(split(&bytes));
    }
    let bytes: [u8; BYTES] = entropy::bytes(&SystemEntropy::default());
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
    file.write_all(&bytes)?;
    Ok(split(&bytes))
}

fn split(bytes: &[u8; BYTES]) -> EndpointKeys {
    let mut keys = EndpointKeys { reset: [0; 64], connection_ids: 0 };
    let (reset, ids) = bytes.split_at(keys.reset.len());
    keys.reset.copy_from_slice(reset);
    keys.connection_ids = ids.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_and_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let first = load_or_create(folder.path()).unwrap();
        let again = load_or_create(folder.path()).unwrap();
        assert_eq!(first.reset, again.reset);
        assert_eq!(first.connection_ids, again.connection_ids);
        assert_ne!(first.reset, [0; 64]);
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
