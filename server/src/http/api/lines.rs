//! The lines of a body, one after the other: no more than one is held, and none longer than the limit.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Buf, Bytes, BytesMut};
use caffis_schema::{
    Error, ErrorCode,
    limits::{IMPORT_BYTES, IMPORT_LINE_BYTES, IMPORT_LINES},
};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

/// How long the next bytes may take to come.
const SILENCE: Duration = Duration::from_secs(9);

/// How long all lines together may take, with what is done about them.
const WITHIN: Duration = Duration::from_secs(600);

/// When to send the rest, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// The lines of a body.
pub(super) struct Lines {
    body: BodyDataStream,
    end: Instant,
    buffer: BytesMut,
    /// No line ends in the buffer before this.
    looked: usize,
    /// The bytes that came.
    bytes: usize,
    number: u32,
    /// The line that comes is too long, and is passed over.
    too_long: bool,
    ended: bool,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// A line, with its number from 1.
    Line(u32, Bytes),
    /// A line that is longer than lines may be.
    TooLong(u32),
    /// All lines came; so many.
    End(u32),
    /// From this line on nothing is read, and why.
    Stopped(u32, Error),
}

impl Lines {
    pub(super) fn of(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            end: Instant::now() + WITHIN,
            buffer: BytesMut::new(),
            looked: 0,
            bytes: 0,
            number: 0,
            too_long: false,
            ended: false,
        }
    }

    /// The next line. Not to be called again after the last.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            if let Some(line) = self.take() {
                self.number += 1;
                let too_long = std::mem::take(&mut self.too_long) || line.len() > IMPORT_LINE_BYTES;
                return match too_long {
                    _ if self.number as usize > IMPORT_LINES => {
                        let sentence = format!("An import has {IMPORT_LINES} lines at most.");
                        Next::Stopped(self.number, refused(&sentence))
                    }
                    true => Next::TooLong(self.number),
                    false => Next::Line(self.number, line),
                };
            }
            if self.ended {
                return Next::End(self.number);
            }
            if let Err(error) = self.read().await {
                return Next::Stopped(self.number + 1, error);
            }
        }
    }

    /// The next whole line, or what is left at the end.
    fn take(&mut self) -> Option<Bytes> {
        let found = self.buffer[self.looked..].iter().position(|byte| *byte == b'\n');
        if let Some(length) = found.map(|place| self.looked + place) {
            let mut line = self.buffer.split_to(length);
            self.buffer.advance(1);
            self.looked = 0;
            if line.last() == Some(&b'\r') {
                line.truncate(length - 1);
            }
            return Some(line.freeze());
        }
        if self.buffer.len() > IMPORT_LINE_BYTES {
            self.too_long = true;
            self.buffer.clear();
        }
        self.looked = self.buffer.len();
        if self.ended && (self.too_long || !self.buffer.is_empty()) {
            self.looked = 0;
            return Some(self.buffer.split().freeze());
        }
        None
    }

    async fn read(&mut self) -> Result<(), Error> {
        let late = |sentence| Error::later(ErrorCode::Unavailable, sentence, RETRY_MS);
        let next = timeout_at(self.end, timeout(SILENCE, self.body.next())).await;
        let next = next.map_err(|_| late("The import took too long: send the rest."))?;
        let next = next.map_err(|_| late("The next line did not come in time."))?;
        match next {
            None => self.ended = true,
            Some(Ok(bytes)) => {
                self.bytes += bytes.len();
                if self.bytes > IMPORT_BYTES {
                    return Err(refused(&format!("An import has {IMPORT_BYTES} bytes at most.")));
                }
                self.buffer.extend_from_slice(&bytes);
            }
            Some(Err(_)) => return Err(late("The rest of the lines did not come.")),
        }
        Ok(())
    }
}

fn refused(sentence: &str) -> Error {
    Error::refused(ErrorCode::TooLarge, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of these parts of a body.
    async fn all(parts: Vec<Vec<u8>>) -> Vec<String> {
        let parts = parts.into_iter().map(Ok::<_, std::io::Error>);
        let mut lines = Lines::of(Body::from_stream(futures_util::stream::iter(parts)));
        let mut found = Vec::new();
        loop {
            match lines.next().await {
                Next::Line(number, line) => {
                    found.push(format!("{number}:{}", String::from_utf8_lossy(&line)));
                }
                Next::TooLong(number) => found.push(format!("{number} too long")),
                Next::End(number) => found.push(format!("end {number}")),
                Next::Stopped(number, error) => found.push(format!("stopped {number} {error}")),
            }
            if found.last().is_some_and(|last| last.starts_with(['e', 's'])) {
                return found;
            }
        }
    }

    #[tokio::test]
    async fn lines_come_whole_however_the_body_is_cut() {
        let text = "one\r\n\ntwo\nthrée";
        let expected = ["1:one", "2:", "3:two", "4:thrée", "end 4"];
        for size in [1, 2, 3, 5, 100] {
            let parts = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
            assert_eq!(all(parts).await, expected, "{size}");
        }
        assert_eq!(all(vec![]).await, ["end 0"]);
        assert_eq!(all(vec![b"a\n".to_vec()]).await, ["1:a", "end 1"]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_passed_over() {
        let long = vec![b'x'; IMPORT_LINE_BYTES + 1];
        let exact = vec![b'y'; IMPORT_LINE_BYTES];
        for size in [7_000, IMPORT_LINE_BYTES, 3 * IMPORT_LINE_BYTES] {
            let body = [&b"a\n"[..], &long, b"\n", &exact, b"\nb\n", &long, &long].concat();
            let parts = body.chunks(size).map(<[u8]>::to_vec).collect();
            let found = all(parts).await;
            let exact = format!("3:{}", "y".repeat(IMPORT_LINE_BYTES));
            assert_eq!(found, ["1:a", "2 too long", &exact, "4:b", "5 too long", "end 5"]);
        }
    }

    #[tokio::test]
    async fn lines_and_bytes_are_bounded() {
        let many = vec!["\n".repeat(IMPORT_LINES + 1).into_bytes()];
        let last = all(many).await.pop().unwrap();
        assert!(last.starts_with("stopped 100001 too_large"), "{last}");
        let part = [vec![b'x'; 65_535], vec![b'\n']].concat();
        let last = all(vec![part; IMPORT_BYTES / 65_536 + 1]).await.pop().unwrap();
        assert!(last.starts_with("stopped 1025 too_large"), "{last}");
    }
}
