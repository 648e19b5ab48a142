//! When a program for people ends: with a signal, and with its standard input, so that it also ends when the program
//! that started it was killed.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

/// What tells a program to end.
pub struct Ending(Receiver<()>);

impl Ending {
    /// From now on signals do not end the process by themselves; a second one does.
    ///
    /// # Errors
    /// The system does not let us hear signals.
    pub fn listen() -> io::Result<Self> {
        let (stop, stopped) = sync_channel::<()>(1);
        stop_on_signals(stop.clone())?;
        stop_at_end_of_input(stop);
        Ok(Self(stopped))
    }

    /// Waits so long; says whether the program is to end.
    #[must_use]
    pub fn within(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }
}

fn stop_on_signals(stop: SyncSender<()>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        for _ in signals.forever() {
            // The second one does not wait for anything that still starts.
            if stop.try_send(()).is_err() {
                std::process::exit(1);
            }
        }
    });
    Ok(())
}

fn stop_at_end_of_input(stop: SyncSender<()>) {
    thread::spawn(move || {
        // What it says does not matter.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = stop.try_send(());
    });
}
