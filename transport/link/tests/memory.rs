//! The memory link keeps the contract and adds what networks do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_link::{
    Farewell, Incoming, Lane, Link, LinkExt,
    conformance::{self, Harness, Pair, Raw},
    memory::{self, Fate, Options},
};
use tokio::time::Instant;

struct Memory;

impl Harness for Memory {
    async fn pair(&self, max_frame: usize) -> Pair {
        let (client, server) = memory::pair(&Options { max_frame, ..Options::default() });
        Pair { client: Box::new(client), server: Box::new(server), guard: Box::new(()) }
    }

    async fn raw(&self, _bytes: Vec<u8>, _finish: bool) -> Option<Raw> {
        None
    }

    fn garbage(&self) -> Vec<Vec<u8>> {
        vec![Vec::new()]
    }

    fn truncated(&self) -> Vec<u8> {
        Vec::new()
    }
}

#[tokio::test]
async fn conforms() {
    conformance::run(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn a_delay_passes_on_paused_time() {
    let options = Options { delay: Duration::from_millis(40), ..Options::default() };
    let (mut left, mut right) = memory::pair(&options);
    let start = Instant::now();
    left.send(Lane::MAIN, "hello".into()).await.unwrap();
    assert!(matches!(right.recv().await, Incoming::Frame { .. }));
    assert_eq!(start.elapsed(), Duration::from_millis(40));
}

#[tokio::test(start_paused = true)]
async fn frames_overtake_those_of_other_lanes_and_never_those_of_their_own() {
    let delays = [50, 10, 0, 0].map(Duration::from_millis);
    let mut delays = delays.into_iter();
    let hook = move |_: Lane, _: &bytes::Bytes| delays.next().unwrap_or_default();
    let options = Options { frames: Some(Arc::new(Mutex::new(hook))), ..Options::default() };
    let (mut left, mut right) = memory::pair(&options);
    for (lane, text) in [(3, "large"), (0, "first"), (0, "second"), (3, "last")] {
        left.send(Lane(lane), text.into()).await.unwrap();
    }
    let mut heard = Vec::new();
    for _ in 0..4 {
        let Incoming::Frame { payload, .. } = right.recv().await else { panic!() };
        heard.push(payload);
    }
    assert_eq!(heard, ["first", "second", "large", "last"]);
}

#[tokio::test(start_paused = true)]
async fn datagrams_are_lost_and_overtaken_as_the_hook_says() {
    let fates =
        [Fate::Deliver(Duration::from_millis(9)), Fate::Drop, Fate::Deliver(Duration::ZERO)];
    let mut fates = fates.into_iter();
    let hook = move |_: &bytes::Bytes| fates.next().unwrap_or(Fate::Drop);
    let options = Options { datagrams: Some(Arc::new(Mutex::new(hook))), ..Options::default() };
    let (mut left, mut right) = memory::pair(&options);
    for text in ["slow", "lost", "fast"] {
        left.send_datagram(text.into()).unwrap();
    }
    assert_eq!(right.recv().await, Incoming::Datagram("fast".into()));
    assert_eq!(right.recv().await, Incoming::Datagram("slow".into()));
}

#[tokio::test(start_paused = true)]
async fn a_cut_is_abrupt_for_both_and_loses_what_is_on_the_way() {
    let options = Options { delay: Duration::from_millis(5), ..Options::default() };
    let (mut left, mut right) = memory::pair(&options);
    left.send(Lane::MAIN, "never".into()).await.unwrap();
    left.cutter().cut();
    for link in [&mut left, &mut right] {
        assert_eq!(link.recv().await, Incoming::Closed(Farewell::abrupt("the link was cut")));
    }
}
