//! Logs: structured, to standard error, without tokens or message bodies.
//!
//! Whoever logs does not wait for the writing: lines go into a bounded buffer, and a thread writes
//! what has gathered there. A reader of standard error that is slow costs lines, which are counted,
//! and never a session.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Config, LogFormat};

/// What may wait to be written, in bytes; past it lines are left out.
const WAITING_BYTES: usize = 1024 * 1024;

/// How long lines gather before they are written: many in one call of the system.
const GATHER: Duration = Duration::from_millis(5);

/// How long the end of the process waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Whether a text is a filter of logs.
#[must_use]
pub fn is_filter(text: &str) -> bool {
    !text.is_empty() && EnvFilter::try_new(text).is_ok()
}

/// Starts writing logs. A second call changes nothing. What is logged until the answer is dropped is
/// written by then.
#[must_use]
pub fn start(config: &Config) -> Option<LastLines> {
    let filter = EnvFilter::try_new(&config.log_filter).ok()?;
    let lines = Lines::default();
    let writer = lines.clone();
    let logs = fmt::Subscriber::builder().with_env_filter(filter);
    let logs = logs.with_writer(move || writer.clone());
    let colours = io::IsTerminal::is_terminal(&io::stderr());
    let logs = logs.with_ansi(colours);
    let started = match config.log_format {
        LogFormat::Text => tracing::subscriber::set_global_default(logs.finish()),
        LogFormat::Json => {
            tracing::subscriber::set_global_default(logs.json().flatten_event(true).finish())
        }
    };
    if started.is_err() {
        tracing::debug!("logs were started already");
        return None;
    }
    let writing = lines.clone();
    let thread = thread::Builder::new().name("logs".to_owned());
    if let Err(error) = thread.spawn(move || writing.write_to(io::stderr())) {
        eprintln!("logs cannot be written: {error}");
        return None;
    }
    Some(LastLines(lines))
}

/// Waits, when dropped, until the lines that were logged before are written.
pub struct LastLines(Lines);

impl Drop for LastLines {
    fn drop(&mut self) {
        let Shared { waiting, written, .. } = &*self.0.0;
        let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let unwritten = |waiting: &mut Waiting| waiting.writing || !waiting.bytes.is_empty();
        // Past this time nobody reads them.
        let _ = written.wait_timeout_while(waiting, LAST_LINES, unwritten);
    }
}

/// Lines on their way.
#[derive(Clone, Default)]
struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    written: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Lines that did not fit, since the last that did.
    left_out: u64,
    writing: bool,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes, for ever.
    fn write_to(&self, mut out: impl Write) {
        let mut bytes = Vec::new();
        loop {
            let mut waiting = self.lock();
            waiting.writing = false;
            while waiting.bytes.is_empty() && waiting.left_out == 0 {
                self.0.written.notify_all();
                waiting = self.0.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            drop(waiting);
            thread::sleep(GATHER);
            let mut waiting = self.lock();
            std::mem::swap(&mut bytes, &mut waiting.bytes);
            let left_out = std::mem::take(&mut waiting.left_out);
            waiting.writing = true;
            drop(waiting);
            // There is nobody to tell that nobody can be told.
            let _ = out.write_all(&bytes);
            bytes.clear();
            if left_out > 0 {
                tracing::warn!(lines = left_out, "logs were left out: they come too fast");
            }
        }
    }
}

impl Write for Lines {
    /// Takes a line whole, or leaves it out.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.lock();
        if waiting.bytes.len() + line.len() > WAITING_BYTES {
            waiting.left_out += 1;
        } else {
            waiting.bytes.extend_from_slice(line);
            if waiting.bytes.len() == line.len() {
                self.0.filled.notify_one();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// A place to which nothing is written until the test takes it.
    struct Slow(SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Lines, Receiver<Vec<u8>>) {
        let (sender, written) = sync_channel(0);
        let lines = Lines::default();
        let writing = lines.clone();
        thread::spawn(move || writing.write_to(Slow(sender)));
        (lines, written)
    }

    #[test]
    fn who_logs_does_not_wait_and_lines_are_left_out_whole() {
        let (mut lines, written) = slow();
        let line = [b'x'; 1_000];
        for _ in 0..10_000 {
            lines.write_all(&line).unwrap();
        }
        let first = written.recv().unwrap();
        lines.write_all(&line).unwrap();
        let second = written.recv().unwrap();
        for written in [first, second] {
            assert!(written.len() <= WAITING_BYTES && written.len() % line.len() == 0);
        }
    }

    #[test]
    fn the_end_waits_for_the_last_lines() {
        let (mut lines, written) = slow();
        lines.write_all(b"goodbye\n").unwrap();
        let reader = thread::spawn(move || written.recv().unwrap());
        drop(LastLines(lines.clone()));
        let waiting = lines.lock();
        assert!(waiting.bytes.is_empty() && !waiting.writing);
        assert_eq!(reader.join().unwrap(), b"goodbye\n");
    }
}
