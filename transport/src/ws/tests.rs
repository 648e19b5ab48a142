//! Writes are coalesced: frames that are flushed together leave in one system call.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use caffis_link::{Codec, Incoming, Kind, Lane, Link, LinkExt, LinkInfo};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

use super::{link::WsLink, wire::Role};

/// Counts the writes.
struct Counted(DuplexStream, Arc<AtomicUsize>);

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn info() -> LinkInfo {
    LinkInfo {
        kind: Kind::WebSocket,
        codec: Codec::Binary,
        peer: None,
        lanes: 1,
        max_frame: 4_096,
        max_datagram: None,
    }
}

#[tokio::test]
async fn frames_that_are_flushed_together_are_one_write() {
    let (near, far) = duplex(1 << 20);
    let writes = Arc::new(AtomicUsize::new(0));
    let mut server = WsLink::new(Counted(near, writes.clone()), Role::Server, info(), false, &[]);
    let mut client = WsLink::new(far, Role::Client, info(), false, &[]);
    for _ in 0..100 {
        server.start_send(Lane::MAIN, vec![b'x'; 200].into()).unwrap();
    }
    server.flush().await.unwrap();
    assert_eq!(writes.load(Ordering::SeqCst), 1);
    for _ in 0..100 {
        assert!(matches!(client.recv().await, Incoming::Frame { .. }));
    }
}
