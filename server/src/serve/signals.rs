//! The signals that the server answers.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Read certificates and keys again (SIGHUP).
    Reload,
    /// Drain and end (SIGTERM, SIGINT).
    Stop,
}

/// The signals of this process.
pub(super) struct Signals {
    hangup: Stream,
    terminate: Stream,
    interrupt: Stream,
    /// Never read: while somebody listens, a file that may not grow is an error of the write and not
    /// the end of the process.
    _file_limit: Stream,
}

impl Signals {
    /// From now on the process does not die of these signals.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _file_limit: signal(SignalKind::from_raw(Number::XFSZ.as_raw()))?,
        })
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }

    /// The next one that asks to end.
    pub(super) async fn stop_again(&mut self) {
        while self.next().await != Signal::Stop {}
    }
}
