//! The contract of [`Link`] as a suite that every transport runs.
//!
//! A transport implements [`Harness`] and calls [`run`] within a runtime. Every check makes its own
//! connection, and fails by panicking with the name of what is wrong.

use std::{
    any::Any,
    future::poll_fn,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    codes,
    ext::LinkExt,
    link::{Farewell, Incoming, Lane, Link, SendError},
};

/// How long a single step may take before the suite calls it hanging.
const STEP: Duration = Duration::from_secs(10);

/// A sender that fills a peer that does not read must be stopped before this many bytes.
const BUFFERED_AT_MOST: usize = 64 * 1024 * 1024;

/// Two connected links.
pub struct Pair {
    /// The side that connected.
    pub client: Box<dyn Link>,
    /// The side that accepted.
    pub server: Box<dyn Link>,
    /// What must live as long as the links: listeners, endpoints.
    pub guard: Box<dyn Any + Send>,
}

/// A server's link whose other end is raw bytes.
pub struct Raw {
    /// The side that accepted.
    pub server: Box<dyn Link>,
    /// What must live as long as the connection.
    pub guard: Box<dyn Any + Send>,
}

/// How to make connections of one transport.
pub trait Harness: Sync {
    /// A fresh pair. Frames up to `max_frame` bytes pass.
    fn pair(&self, max_frame: usize) -> impl Future<Output = Pair> + Send;

    /// A connection whose client writes these bytes onto lane 0 as they are, and then ends its
    /// writing side if `finish`; none where there are no raw bytes.
    fn raw(&self, bytes: Vec<u8>, finish: bool) -> impl Future<Output = Option<Raw>> + Send;

    /// Bytes that are not valid frames on this transport, each alone: unknown kind, overlong or
    /// oversized length, and so on.
    fn garbage(&self) -> Vec<Vec<u8>>;

    /// The front part of a valid frame.
    fn truncated(&self) -> Vec<u8>;
}

/// Runs every check.
pub async fn run<H: Harness>(harness: &H) {
    sizes(harness).await;
    order(harness).await;
    lanes_do_not_block_each_other(harness).await;
    slow_reader_stops_the_sender(harness).await;
    farewells(harness).await;
    close_delivers_what_was_queued(harness).await;
    silent_peer_does_not_hold_up_close(harness).await;
    abrupt_death(harness).await;
    pings(harness).await;
    datagrams(harness).await;
    garbage(harness).await;
    half_closed(harness).await;
}

/// A payload of this size that is also text.
fn payload(size: usize, seed: usize) -> Bytes {
    (0..size).map(|index| b'a' + ((index / 7 + index + seed) % 26) as u8).collect()
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(STEP, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: nothing happened in {STEP:?}"),
    }
}

/// The next frame; pings, pongs and datagrams are passed over.
async fn next_frame(link: &mut Box<dyn Link>, what: &str) -> (Lane, Bytes) {
    loop {
        match within(what, link.recv()).await {
            Incoming::Frame { lane, payload } => return (lane, payload),
            Incoming::Closed(farewell) => panic!("{what}: closed with {farewell:?}"),
            Incoming::Ping | Incoming::Pong | Incoming::Datagram(_) => {}
        }
    }
}

/// The farewell; everything before it is passed over.
async fn farewell_of(link: &mut Box<dyn Link>, what: &str) -> Farewell {
    loop {
        if let Incoming::Closed(farewell) = within(what, link.recv()).await {
            return farewell;
        }
    }
}

/// Frames of 0, 1, limit - 1 and limit bytes pass both ways unchanged; limit + 1 is refused and the
/// link goes on.
pub async fn sizes<H: Harness>(harness: &H) {
    const LIMIT: usize = 70_000;
    let mut pair = harness.pair(LIMIT).await;
    assert_eq!(pair.client.info().max_frame, LIMIT, "the limit that was asked for");
    for (seed, size) in [0, 1, 125, 126, 65_536, LIMIT - 1, LIMIT].into_iter().enumerate() {
        let sent = payload(size, seed);
        let (client, server) = (&mut pair.client, &mut pair.server);
        let there = tokio::join!(
            client.send(Lane::MAIN, sent.clone()),
            next_frame(server, "a frame to the server")
        );
        assert_eq!(there.0, Ok(()), "sending {size} bytes");
        assert!(there.1.1 == sent, "{size} bytes to the server arrive unchanged");
        let back = tokio::join!(
            server.send(Lane::MAIN, sent.clone()),
            next_frame(client, "a frame to the client")
        );
        assert_eq!(back.0, Ok(()), "sending {size} bytes");
        assert!(back.1.1 == sent, "{size} bytes to the client arrive unchanged");
    }
    for link in [&mut pair.client, &mut pair.server] {
        let refused = link.start_send(Lane::MAIN, payload(LIMIT + 1, 0));
        assert_eq!(refused, Err(SendError::TooLarge { size: LIMIT + 1, limit: LIMIT }));
    }
    let after = payload(10, 3);
    within("the link goes on", pair.client.send(Lane::MAIN, after.clone())).await.ok();
    assert_eq!(next_frame(&mut pair.server, "after a refusal").await.1, after);
}

/// Each lane keeps its order, also when frames are flushed together.
pub async fn order<H: Harness>(harness: &H) {
    const FRAMES: usize = 300;
    let mut pair = harness.pair(4_096).await;
    let lanes = usize::from(pair.client.info().lanes);
    let send = async {
        for index in 0..FRAMES {
            let lane = Lane((index % lanes) as u8);
            let ready = poll_fn(|cx| {
                let _ = pair.client.poll_flush(cx);
                pair.client.poll_ready(lane, cx)
            });
            within("ready to send", ready).await.ok();
            let text = format!("{index} {}", "x".repeat(index % 90));
            assert_eq!(pair.client.start_send(lane, text.into()), Ok(()));
        }
        within("flush", pair.client.flush()).await
    };
    let receive = async {
        let mut next: Vec<usize> = (0..lanes).collect();
        for _ in 0..FRAMES {
            let (lane, payload) = next_frame(&mut pair.server, "an ordered frame").await;
            let text = String::from_utf8_lossy(&payload).into_owned();
            let index: usize = text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            let slot = &mut next[usize::from(lane.0)];
            assert_eq!(index, *slot, "order on {lane:?}");
            *slot += lanes;
        }
    };
    let (sent, ()) = tokio::join!(send, receive);
    assert_eq!(sent, Ok(()));
}

/// A lane that is full does not hold up another one.
pub async fn lanes_do_not_block_each_other<H: Harness>(harness: &H) {
    let mut pair = harness.pair(1 << 20).await;
    if pair.client.info().lanes < 2 {
        return;
    }
    let (big, small) = (payload(1 << 20, 1), payload(5, 2));
    assert_eq!(pair.server.start_send(Lane(1), big.clone()), Ok(()));
    assert_eq!(pair.server.start_send(Lane::MAIN, small.clone()), Ok(()));
    let flush = pair.server.flush();
    let receive = async {
        let first = next_frame(&mut pair.client, "one lane").await;
        let second = next_frame(&mut pair.client, "the other lane").await;
        let mut both = [first, second];
        both.sort_by_key(|(lane, _)| *lane);
        assert!(both[0] == (Lane::MAIN, small) && both[1] == (Lane(1), big));
    };
    let (flushed, ()) = tokio::join!(flush, receive);
    assert_eq!(flushed, Ok(()));
}

/// Against a peer that reads nothing, `poll_ready` says no before much was buffered; all arrives
/// once the peer reads.
pub async fn slow_reader_stops_the_sender<H: Harness>(harness: &H) {
    const SIZE: usize = 16 * 1024;
    let mut pair = harness.pair(SIZE).await;
    let mut sent = 0;
    let mut stuck_since = None;
    // Kernels grow their buffers over some round trips: stuck means stuck for a while.
    while stuck_since.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(300)) {
        let ready = poll_fn(|cx| {
            let _ = pair.server.poll_flush(cx);
            pair.server.poll_ready(Lane::MAIN, cx)
        });
        match tokio::time::timeout(Duration::from_millis(50), ready).await {
            Ok(ready) => {
                assert_eq!(ready, Ok(()));
                assert_eq!(pair.server.start_send(Lane::MAIN, payload(SIZE, sent)), Ok(()));
                sent += 1;
                stuck_since = None;
            }
            Err(_) => {
                stuck_since.get_or_insert_with(Instant::now);
            }
        }
        assert!(sent * SIZE < BUFFERED_AT_MOST, "a peer that does not read stops the sender");
    }
    let read = async {
        for index in 0..sent {
            let (_, got) = next_frame(&mut pair.client, "a late frame").await;
            assert!(got == payload(SIZE, index), "frame {index} arrives unchanged");
        }
    };
    let (flushed, ()) = tokio::join!(pair.server.flush(), read);
    assert_eq!(flushed, Ok(()));
}

/// Code and reason arrive, in both directions; then nothing can be sent.
pub async fn farewells<H: Harness>(harness: &H) {
    for from_server in [true, false] {
        let mut pair = harness.pair(4_096).await;
        let said = Farewell::new(7, "so long, and thanks for all the fish \u{1f41f}");
        let (from, to) = if from_server {
            (&mut pair.server, &mut pair.client)
        } else {
            (&mut pair.client, &mut pair.server)
        };
        let close = within("closing", from.close(said.clone()));
        let (heard, ()) = tokio::join!(farewell_of(to, "a farewell"), close);
        assert_eq!(heard, said, "the farewell, from the server: {from_server}");
        assert_eq!(to.start_send(Lane::MAIN, payload(1, 0)), Err(SendError::Closed));
        assert_eq!(from.start_send(Lane::MAIN, payload(1, 0)), Err(SendError::Closed));
    }
}

/// What was queued before the close arrives before the farewell.
pub async fn close_delivers_what_was_queued<H: Harness>(harness: &H) {
    let mut pair = harness.pair(4_096).await;
    for index in 0..20 {
        assert_eq!(pair.server.start_send(Lane::MAIN, payload(1_000, index)), Ok(()));
    }
    let close = pair.server.close(Farewell::new(3, "later"));
    let receive = async {
        for index in 0..20 {
            let (_, got) = next_frame(&mut pair.client, "a frame before the farewell").await;
            assert!(got == payload(1_000, index));
        }
        farewell_of(&mut pair.client, "the farewell").await
    };
    let ((), heard) = tokio::join!(close, receive);
    assert_eq!(heard, Farewell::new(3, "later"));
}

/// Closing takes about a second against a peer that reads nothing.
pub async fn silent_peer_does_not_hold_up_close<H: Harness>(harness: &H) {
    let mut pair = harness.pair(4_096).await;
    let start = tokio::time::Instant::now();
    within("closing", pair.server.close(Farewell::new(3, "now"))).await;
    assert!(start.elapsed() < Duration::from_secs(3), "a close is bounded");
    drop(pair.client);
}

/// A side that disappears without a word comes out as an abrupt farewell.
pub async fn abrupt_death<H: Harness>(harness: &H) {
    let mut pair = harness.pair(4_096).await;
    drop(pair.client);
    let heard = farewell_of(&mut pair.server, "the client's death").await;
    assert_eq!(heard.code, codes::ABRUPT);
    assert_eq!(pair.server.start_send(Lane::MAIN, payload(1, 0)), Err(SendError::Closed));

    let mut pair = harness.pair(4_096).await;
    drop(pair.server);
    let heard = farewell_of(&mut pair.client, "the server's death").await;
    assert_eq!(heard.code, codes::ABRUPT);
}

/// A ping is answered inside the other side's link, which says that it came, in both directions.
pub async fn pings<H: Harness>(harness: &H) {
    let mut pair = harness.pair(4_096).await;
    let (client, server) = (&mut pair.client, &mut pair.server);
    for (from, to) in [(client, server)] {
        ping_one_way(from, to).await;
        ping_one_way(to, from).await;
    }
}

async fn ping_one_way(from: &mut Box<dyn Link>, to: &mut Box<dyn Link>) {
    assert_eq!(from.ping(), Ok(()));
    let mut pinged = 0;
    let done = poll_fn(|cx| {
        match to.poll_recv(cx) {
            Poll::Ready(Incoming::Ping) => pinged += 1,
            Poll::Ready(other) => panic!("a ping came out as {other:?}"),
            Poll::Pending => {}
        }
        let _ = from.poll_flush(cx);
        from.poll_recv(cx)
    });
    assert_eq!(within("a pong", done).await, Incoming::Pong);
    assert_eq!(pinged, 1, "whoever is pinged hears of it");
    assert!(from.health().round_trip.is_some(), "a pong tells how far the other side is");
}

/// Datagrams of 0 bytes, 1 and the limit pass; one more is refused. A transport without them says
/// so.
pub async fn datagrams<H: Harness>(harness: &H) {
    let mut pair = harness.pair(4_096).await;
    let Some(limit) = pair.client.info().max_datagram else {
        assert_eq!(pair.client.send_datagram(payload(1, 0)), Err(SendError::NoDatagrams));
        assert_eq!(pair.server.send_datagram(payload(1, 0)), Err(SendError::NoDatagrams));
        return;
    };
    let (client, server) = (&mut pair.client, &mut pair.server);
    for size in [0, 1, limit] {
        datagram_one_way(client, server, size).await;
        datagram_one_way(server, client, size).await;
    }
    let refused = client.send_datagram(payload(limit + 1, 0));
    assert_eq!(refused, Err(SendError::TooLarge { size: limit + 1, limit }));
}

async fn datagram_one_way(from: &mut Box<dyn Link>, to: &mut Box<dyn Link>, size: usize) {
    let sent = payload(size, size);
    assert_eq!(from.send_datagram(sent.clone()), Ok(()));
    match within("a datagram", to.recv()).await {
        Incoming::Datagram(got) => assert!(got == sent, "a datagram of {size} bytes"),
        other => panic!("a datagram of {size} bytes came out as {other:?}"),
    }
}

/// Bytes that are not frames close the link with the protocol error; a frame cut in two by the end
/// is an abrupt death.
pub async fn garbage<H: Harness>(harness: &H) {
    let mut links = Vec::new();
    for (index, bytes) in harness.garbage().into_iter().enumerate() {
        let Some(raw) = harness.raw(bytes, false).await else { return };
        links.push((index, raw));
    }
    // All at once: each may wait for its peer to take the farewell.
    let ended = poll_fn(|cx| {
        links.retain_mut(|(index, raw)| match raw.server.poll_recv(cx) {
            Poll::Ready(Incoming::Closed(heard)) => {
                assert_eq!(heard.code, codes::PROTOCOL, "garbage {index}: {}", heard.reason);
                false
            }
            Poll::Ready(other) => panic!("garbage {index} came out as {other:?}"),
            Poll::Pending => true,
        });
        if links.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    });
    within("the end of garbage", ended).await;
}

/// A peer that ends its writing side without a farewell, inside a frame or between two, is gone.
pub async fn half_closed<H: Harness>(harness: &H) {
    for bytes in [Vec::new(), harness.truncated()] {
        let Some(mut raw) = harness.raw(bytes, true).await else { return };
        let heard = farewell_of(&mut raw.server, "the end of a half-closed peer").await;
        assert!([codes::ABRUPT, codes::PROTOCOL].contains(&heard.code), "{heard:?}");
    }
}
