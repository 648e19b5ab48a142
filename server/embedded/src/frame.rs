//! The frames of a backup file.
//!
//! ```text
//! header   "CAFFISBK", backup format (u32), storage format (u32), time of the backup (u64, ms)
//! frame    kind (u8), length (u32), payload, the first 8 bytes of the SHA-256 of all before
//! kinds    1 table: its name, whose rows follow
//!          2 rows: key length (u32), value length (u32), key, value; in the order of the keys
//!          3 end: tables (u32), rows (u64), the SHA-256 of all before this frame
//! ```
//! Numbers are big-endian. Nothing follows the end. A row's key and value are the storage format's
//! bytes, so a backup is restored by a program of the same storage format.

use std::{
    io::{self, Read, Write},
    ops::RangeInclusive,
};

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

/// The version of the backup format.
pub(crate) const BACKUP_FORMAT: u32 = 1;

const MAGIC: &[u8; 8] = b"CAFFISBK";
const HEADER_BYTES: usize = 24;
const SEAL_BYTES: usize = 8;

/// The most bytes of a frame's payload: some rows, or one of the largest.
pub(crate) const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

/// Rows are gathered to about this size.
const ROWS_FRAME_BYTES: usize = 256 * 1024;

const KIND_TABLE: u8 = 1;
const KIND_ROWS: u8 = 2;
const KIND_END: u8 = 3;

/// A row's key and value, in the storage format.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// What a reader finds.
pub(crate) enum Frame {
    /// The rows of this table follow.
    Table(String),
    /// Rows of the table.
    Rows(Vec<Pair>),
    /// All is there.
    End { tables: u32, rows: u64 },
}

/// Why a file is not a whole backup.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Damaged(String),
    #[error("the backup has {what} {found}; this program reads {expected} only")]
    Version { what: &'static str, found: u32, expected: u32 },
}

fn damaged(what: &str) -> FrameError {
    FrameError::Damaged(what.to_owned())
}

/// Writes frames.
pub(crate) struct Writer<W> {
    out: W,
    digest: Context,
    rows: Vec<u8>,
    tables: u32,
    pub(crate) row_count: u64,
    pub(crate) bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub(crate) fn start(out: W, storage_format: u32, time: u64) -> io::Result<Self> {
        let digest = Context::new(&SHA256);
        let rows = Vec::with_capacity(ROWS_FRAME_BYTES);
        let mut writer = Self { out, digest, rows, tables: 0, row_count: 0, bytes: 0 };
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&BACKUP_FORMAT.to_be_bytes());
        header.extend_from_slice(&storage_format.to_be_bytes());
        header.extend_from_slice(&time.to_be_bytes());
        writer.put(&header)?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn frame(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        self.put(&[kind])?;
        self.put(&length.to_be_bytes())?;
        self.put(payload)?;
        let seal = self.digest.clone().finish();
        self.put(&seal.as_ref()[..SEAL_BYTES])
    }

    /// The rows that follow belong to this table.
    pub(crate) fn table(&mut self, name: &str) -> io::Result<()> {
        self.flush_rows()?;
        self.tables += 1;
        self.frame(KIND_TABLE, name.as_bytes())
    }

    /// Adds a row; true when that wrote a frame.
    pub(crate) fn row(&mut self, key: &[u8], value: &[u8]) -> io::Result<bool> {
        for length in [key.len(), value.len()] {
            let length = u32::try_from(length).map_err(io::Error::other)?;
            self.rows.extend_from_slice(&length.to_be_bytes());
        }
        self.rows.extend_from_slice(key);
        self.rows.extend_from_slice(value);
        self.row_count += 1;
        if self.rows.len() < ROWS_FRAME_BYTES {
            return Ok(false);
        }
        self.flush_rows()?;
        Ok(true)
    }

    fn flush_rows(&mut self) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut rows = std::mem::take(&mut self.rows);
        let written = self.frame(KIND_ROWS, &rows);
        rows.clear();
        self.rows = rows;
        written
    }

    /// Writes the end; gives the number of tables.
    pub(crate) fn end(&mut self) -> io::Result<u32> {
        self.flush_rows()?;
        let mut payload = Vec::new();
        payload.extend_from_slice(&self.tables.to_be_bytes());
        payload.extend_from_slice(&self.row_count.to_be_bytes());
        payload.extend_from_slice(self.digest.clone().finish().as_ref());
        self.frame(KIND_END, &payload)?;
        self.out.flush()?;
        Ok(self.tables)
    }
}

/// Reads frames and checks them.
pub(crate) struct Reader<R> {
    input: R,
    digest: Context,
}

impl<R: Read> Reader<R> {
    /// Reads and checks the header.
    pub(crate) fn start(input: R, formats: RangeInclusive<u32>) -> Result<Self, FrameError> {
        let mut reader = Self { input, digest: Context::new(&SHA256) };
        let header: [u8; HEADER_BYTES] = reader.take()?;
        let number = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        if !header.starts_with(MAGIC) {
            return Err(damaged("it does not begin like a backup"));
        }
        for (what, found, readable) in [
            ("backup format", number(8), BACKUP_FORMAT..=BACKUP_FORMAT),
            ("storage format", number(12), formats),
        ] {
            if !readable.contains(&found) {
                let expected = *readable.end();
                return Err(FrameError::Version { what, found, expected });
            }
        }
        Ok(reader)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), FrameError> {
        self.input.read_exact(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it is cut short"),
            _ => FrameError::Io(error),
        })?;
        self.digest.update(buffer);
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let mut buffer = [0; N];
        self.fill(&mut buffer)?;
        Ok(buffer)
    }

    /// The next frame.
    pub(crate) fn next(&mut self) -> Result<Frame, FrameError> {
        let before = self.digest.clone().finish();
        let [kind] = self.take()?;
        let length = u32::from_be_bytes(self.take()?) as usize;
        if length > MAX_FRAME_BYTES {
            return Err(damaged("a frame is too long"));
        }
        let mut payload = vec![0; length];
        self.fill(&mut payload)?;
        let seal = self.digest.clone().finish();
        if self.take::<SEAL_BYTES>()? != seal.as_ref()[..SEAL_BYTES] {
            return Err(damaged("a checksum does not match"));
        }
        match kind {
            KIND_TABLE => String::from_utf8(payload)
                .map(Frame::Table)
                .map_err(|_| damaged("a table's name is not UTF-8")),
            KIND_ROWS => rows(&payload).map(Frame::Rows),
            KIND_END => self.finish(&payload, before.as_ref()),
            _ => Err(damaged("a frame has an unknown kind")),
        }
    }

    fn finish(&mut self, payload: &[u8], before: &[u8]) -> Result<Frame, FrameError> {
        let bad = || damaged("its end is broken");
        let (tables, rest) = payload.split_first_chunk::<4>().ok_or_else(bad)?;
        let (rows, digest) = rest.split_first_chunk::<8>().ok_or_else(bad)?;
        if digest.len() != SHA256_OUTPUT_LEN || digest != before {
            return Err(damaged("the checksum of the whole does not match"));
        }
        if self.input.read(&mut [0])? != 0 {
            return Err(damaged("something follows its end"));
        }
        Ok(Frame::End { tables: u32::from_be_bytes(*tables), rows: u64::from_be_bytes(*rows) })
    }
}

fn rows(mut rest: &[u8]) -> Result<Vec<Pair>, FrameError> {
    let bad = || damaged("a row is cut short");
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_first_chunk::<4>().ok_or_else(bad)?;
        let (value, after) = after.split_first_chunk::<4>().ok_or_else(bad)?;
        let (key, value) = (u32::from_be_bytes(*key) as usize, u32::from_be_bytes(*value) as usize);
        let end = key.checked_add(value).filter(|end| *end <= after.len()).ok_or_else(bad)?;
        rows.push((after[..key].to_vec(), after[key..end].to_vec()));
        rest = &after[end..];
    }
    Ok(rows)
}
