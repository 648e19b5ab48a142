//! The accepted stream, which holds its place and shows whether bytes pass.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{
    admit::{Admit, Permit},
    lobby::{Lobby, Place},
};

/// A stream that holds its place for as long as it lives, also after it became a link.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) place: Place,
    pub(super) progress: Progress,
    _permit: Permit,
    /// The client's, when the peer is a proxy.
    client: Option<Permit>,
}

impl Accepted {
    /// The stream with its place. None when its address has too many, or when every place is taken
    /// by a connection that is past hello.
    pub(super) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        admit: &Admit,
        lobby: &Lobby,
    ) -> Option<Self> {
        // The address limit comes first: an address with too many connections pushes nobody out of the lobby.
        let permit = admit.ask(peer.ip())?;
        let place = lobby.enter()?;
        stream.set_nodelay(true).ok()?;
        let progress = Progress::default();
        Some(Self { stream, place, progress, _permit: permit, client: None })
    }

    /// Counts the connection for the client of a proxy too, if that one is admitted.
    pub(super) fn admit_client(&mut self, client: SocketAddr, admit: &Admit) -> Option<()> {
        self.client = Some(admit.ask(client.ip())?);
        Some(())
    }
}

/// Counts the reads and writes that moved something. Clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    fn made(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Resolves when nothing was read and nothing written for the time of `patience`, or for up to
    /// twice as long.
    pub(super) async fn stalled(&self, patience: Duration) {
        let mut before = self.0.load(Ordering::Relaxed);
        loop {
            tokio::time::sleep(patience).await;
            let now = self.0.load(Ordering::Relaxed);
            if now == before {
                return;
            }
            before = now;
        }
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.progress.made();
        }
        read
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_ready() {
            self.progress.made();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        if written.is_ready() {
            self.progress.made();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
