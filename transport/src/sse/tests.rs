//! What is taken of POSTs, in which order, and what is refused.

use std::task::Poll;

use bytes::Bytes;
use caffis_link::{Codec, Farewell, Incoming, Lane, Link, LinkExt, codes};
use futures_util::{FutureExt, StreamExt, poll};

use super::{
    error::{Malformed, Refused},
    event::{self, Event, Parser},
    options::{Options, POSTS_WAITING},
    post::{StreamName, destination},
    streams::{Opened, Streams},
};

const LIMIT: usize = 1_000;

struct Stream {
    streams: Streams,
    opened: Opened,
    name: String,
}

impl Stream {
    async fn open() -> Self {
        let streams = Streams::new(1);
        let options = Options { max_frame: LIMIT, ..Options::default() };
        let mut opened = streams.open(7, Codec::Json, None, &options).unwrap();
        let first = opened.events.next().await.unwrap().unwrap();
        let mut parser = Parser::new(Codec::Json, LIMIT);
        parser.push(&first);
        let Some(Event::Stream(name)) = parser.next().unwrap() else { panic!("{first:?}") };
        Self { streams, opened, name }
    }

    fn body(&self, number: u64, lines: &str) -> Bytes {
        format!("{} {number}\n{lines}", self.name).into()
    }

    async fn post(&self, number: u64, lines: &str) -> Result<(), Refused> {
        self.streams.take(self.body(number, lines)).await
    }

    fn received(&mut self) -> Vec<String> {
        let mut received = Vec::new();
        while let Some(incoming) = self.opened.link.recv().now_or_never() {
            match incoming {
                Incoming::Frame { payload, .. } => {
                    received.push(String::from_utf8(payload.to_vec()).unwrap());
                }
                other => {
                    received.push(format!("{other:?}"));
                    break;
                }
            }
        }
        received
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_that_comes_again_is_answered_and_not_applied() {
    let mut stream = Stream::open().await;
    for _ in 0..3 {
        assert_eq!(stream.post(1, "a\nb\n").await, Ok(()));
    }
    assert_eq!(stream.post(2, "c").await, Ok(()));
    assert_eq!(stream.post(1, "a\nb\n").await, Ok(()));
    assert_eq!(stream.received(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_post_waits_for_those_before_it_but_not_for_ever() {
    let mut stream = Stream::open().await;
    let (third, second, first) = (stream.post(3, "c"), stream.post(2, "b"), stream.post(1, "a"));
    assert_eq!(tokio::join!(third, second, first), (Ok(()), Ok(()), Ok(())));
    assert_eq!(stream.received(), ["a", "b", "c"]);
    assert_eq!(stream.post(5, "e").await, Err(Refused::OutOfTurn(4)));
    assert_eq!(stream.post(4, "d").await, Ok(()));
    assert_eq!(stream.received(), ["d"]);
}

#[tokio::test(start_paused = true)]
async fn only_a_few_posts_wait() {
    let stream = Stream::open().await;
    let mut waiting: Vec<_> = (0..POSTS_WAITING).map(|_| Box::pin(stream.post(2, "b"))).collect();
    for post in &mut waiting {
        assert!(poll!(post).is_pending());
    }
    assert_eq!(stream.post(2, "b").await, Err(Refused::Full));
    drop(waiting);
    assert_eq!(stream.post(2, "b").await, Err(Refused::OutOfTurn(1)));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_does_not_receive_holds_posts_up() {
    let mut stream = Stream::open().await;
    let large = format!("{}\n", "x".repeat(LIMIT));
    let mut number = 0;
    let full = loop {
        number += 1;
        match stream.post(number, &large.repeat(20)).await {
            Ok(()) => assert!(number < 100, "what comes is bounded"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(full, Refused::Full);
    let before = stream.received().len();
    assert_eq!(before as u64, (number - 1) * 20);
    assert_eq!(stream.post(number, "y").await, Ok(()));
    assert_eq!(stream.received(), ["y"]);
}

#[tokio::test]
async fn what_names_no_stream_is_refused_and_ends_none() {
    let mut stream = Stream::open().await;
    let name = stream.name.clone();
    let other = format!("{}{} 1\na", &name[..47], if name.ends_with('0') { '1' } else { '0' });
    assert_eq!(stream.streams.take(other.into()).await, Err(Refused::Ended));
    let upper = name.to_uppercase();
    let lines = ["", "\n", "x 1\na", &name, " 1", &format!("{upper}F 1")];
    let numbers = ["", "0", "01", "-1", "+1", "1 ", "x", "18446744073709551616"];
    let heads = numbers.map(|number| format!("{name} {number}\na"));
    for bad in lines.into_iter().map(str::to_owned).chain(heads) {
        let refused = stream.streams.take(bad.clone().into()).await.unwrap_err();
        assert!(matches!(refused, Refused::Malformed(_)), "{bad:?}: {refused}");
        assert!(destination(&bad.into()).is_err());
    }
    assert_eq!(destination(&stream.body(1, "a")), Ok(7));
    assert_eq!(stream.post(1, "a").await, Ok(()));
    assert_eq!(stream.received(), ["a"]);
    assert!(!format!("{:?}", name.parse::<StreamName>()).contains(&name[16..]));
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_their_link_or_their_reader() {
    let mut stream = Stream::open().await;
    let options = Options::default();
    assert!(stream.streams.open(7, Codec::Json, None, &options).is_none());
    assert_eq!(stream.post(1, ":bye 7 tired\n").await, Ok(()));
    assert_eq!(stream.opened.link.recv().await, Incoming::Closed(Farewell::new(7, "tired")));
    assert_eq!(stream.opened.events.next().await, None);
    assert_eq!(stream.post(2, "a").await, Err(Refused::Ended));
    drop(stream.opened.link);
    assert_eq!(stream.streams.count(), 0);

    let Opened { mut link, events } = stream.streams.open(7, Codec::Json, None, &options).unwrap();
    drop(events);
    let Incoming::Closed(farewell) = link.recv().await else { panic!("it goes on") };
    assert_eq!(farewell.code, codes::ABRUPT);
    assert!(link.start_send(Lane::MAIN, Bytes::new()).is_err());
}

#[tokio::test(start_paused = true)]
async fn silence_is_filled_with_comments() {
    let mut stream = Stream::open().await;
    let beat = stream.opened.events.next().await.unwrap().unwrap();
    assert_eq!(&beat[..], b":\n\n");
    assert_eq!(stream.opened.link.start_send(Lane::MAIN, "a\nb".into()), Ok(()));
    let event = stream.opened.events.next().await.unwrap().unwrap();
    assert_eq!(&event[..], b"data: a b\n\n");
    drop(stream.opened.link);
    assert_eq!(stream.opened.events.next().await, None);
}

#[test]
fn events_are_read_however_they_are_cut() {
    let mut out = b":\n\nid: 1\n\nevent: newer\ndata: 1\n\n".to_vec();
    event::put(&mut out, "stream", "abc");
    event::put_frame(&mut out, Codec::Binary, b"hello");
    event::put_frame(&mut out, Codec::Binary, b"");
    event::put(&mut out, "ping", "");
    event::put_farewell(&mut out, &Farewell::new(7, "so\nlong"));
    for step in [1, 3, 1_000] {
        let mut parser = Parser::new(Codec::Binary, LIMIT);
        let mut read = Vec::new();
        for piece in out.chunks(step) {
            parser.push(piece);
            while let Some(event) = parser.next().unwrap() {
                read.push(event);
            }
        }
        let expected = [
            Event::Stream("abc".to_owned()),
            Event::Frame("hello".into()),
            Event::Frame(Bytes::new()),
            Event::Ping,
            Event::Farewell(Farewell::new(7, "so long")),
        ];
        assert_eq!(read, expected, "{step}");
    }
    for bad in ["data: !\n\n", "event: farewell\ndata: x\n\n"] {
        let mut parser = Parser::new(Codec::Binary, LIMIT);
        parser.push(bad.as_bytes());
        assert!(parser.next().is_err(), "{bad:?}");
    }
    let mut parser = Parser::new(Codec::Binary, LIMIT);
    parser.push(&vec![b'a'; 4 * LIMIT]);
    assert_eq!(parser.next(), Err(Malformed("a line over the limit")));
}

#[tokio::test]
async fn a_response_that_is_not_taken_stops_the_sender() {
    let mut stream = Stream::open().await;
    let mut sent = 0;
    while let Poll::Ready(ready) =
        poll!(std::future::poll_fn(|cx| stream.opened.link.poll_ready(Lane::MAIN, cx)))
    {
        assert_eq!(ready, Ok(()));
        stream.opened.link.start_send(Lane::MAIN, Bytes::from(vec![b'x'; LIMIT])).unwrap();
        sent += 1;
        assert!(sent < 1_000, "what waits is bounded");
    }
    stream.opened.events.next().await.unwrap().unwrap();
    assert!(std::future::poll_fn(|cx| stream.opened.link.poll_flush(cx)).now_or_never().is_some());
}
