//! Server-sent events and POST, by hand: what people with `curl` see, and bad input.

use caffis_schema::{CloseCode, Command, ErrorCode, Event, limits::FRAME_BYTES, open::Empty};
use caffis_transport::sse::{self, POST_FRAMES};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::common::{Over, Person, Server, Setup, http, soon, token_of};

const PATH: &str = "/api/chat/events";

/// A stream in JSON, read line by line.
struct Stream {
    answer: reqwest::Response,
    text: String,
    name: String,
}

impl Stream {
    async fn open(server: &Server) -> Self {
        let request = http().get(server.url(PATH)).send();
        let answer = soon("the stream", request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store, no-transform");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        let mut stream = Self { answer, text: String::new(), name: String::new() };
        let first = stream.event().await.unwrap();
        let name = first.strip_prefix("event: stream\ndata: ").unwrap().to_owned();
        assert_eq!(name.len(), 48);
        Self { name, ..stream }
    }

    /// The next event; none at the end.
    async fn event(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event != ":" {
                    return Some(event);
                }
                continue;
            }
            let chunk = soon("an event", self.answer.chunk()).await.unwrap()?;
            self.text.push_str(str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next frame.
    async fn frame(&mut self) -> Value {
        let event = self.event().await.unwrap();
        serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap()
    }

    async fn farewell(&mut self) -> u16 {
        loop {
            let event = self.event().await.expect("the stream ended without a farewell");
            if let Some(farewell) = event.strip_prefix("event: farewell\ndata: ") {
                return farewell.split(' ').next().unwrap().parse().unwrap();
            }
        }
    }

    /// The status, and the code of the problem if it is one.
    async fn post(&self, server: &Server, number: u64, lines: &str) -> (u16, String) {
        post(server, format!("{} {number}\n{lines}", self.name), None).await
    }
}

async fn post(
    server: &Server,
    body: impl Into<reqwest::Body>,
    origin: Option<&str>,
) -> (u16, String) {
    let mut request = http().post(server.url(PATH)).body(body);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let answer = soon("the answer", request.send()).await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    if text.is_empty() {
        return (status, text);
    }
    let problem: Value = serde_json::from_str(&text).unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

fn hello() -> String {
    let hello = json!({"request": {"id": 1, "command": {"hello": {
        "version": 1, "client": "curl", "device": "0".repeat(32), "token": token_of("giulia"),
        "cursors": [], "capabilities": 0,
    }}}});
    format!("{hello}\n")
}

const TAKEN: (u16, String) = (204, String::new());

fn refused(status: u16, code: ErrorCode) -> (u16, String) {
    (status, code.name().to_owned())
}

const PING: &str = r#"{"request":{"id":7,"command":{"ping":{}}}}"#;

#[tokio::test]
async fn a_conversation_by_hand() {
    let server = Setup::dev().metrics().start().await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.post(&server, 1, &hello()).await, TAKEN);
    let welcome = stream.frame().await;
    assert_eq!(welcome["reply"]["id"], 1, "{welcome}");
    assert!(welcome["reply"]["result"]["ok"]["welcome"].is_object(), "{welcome}");
    let scrape = server.scrape().await;
    assert_eq!(scrape.value("caffis_connections", &[("transport", "sse")]), 1.0);
    assert!(server.log().contains("link.kind=sse"), "the log names the transport");
    // What comes again is done once; what overtakes waits.
    assert_eq!(stream.post(&server, 2, PING).await, TAKEN);
    assert_eq!(stream.post(&server, 2, PING).await, TAKEN);
    assert_eq!(stream.post(&server, 1, &hello()).await, TAKEN);
    let (late, early) = (PING.replace('7', "9"), PING.replace('7', "8"));
    let both = tokio::join!(stream.post(&server, 4, &late), stream.post(&server, 3, &early));
    assert_eq!(both, (TAKEN, TAKEN));
    let ids = [stream.frame().await, stream.frame().await, stream.frame().await];
    assert_eq!(ids.map(|frame| frame["reply"]["id"].as_u64().unwrap()), [7, 8, 9]);
    assert_eq!(stream.post(&server, 6, PING).await, refused(409, ErrorCode::Conflict));
    assert_eq!(stream.post(&server, 5, ":ping\n").await, TAKEN);
    assert_eq!(stream.event().await.unwrap(), "event: pong\ndata: ");
    assert_eq!(stream.post(&server, 6, ":bye 1 done\n").await, TAKEN);
    assert_eq!(stream.event().await, None);
    assert_eq!(stream.post(&server, 7, PING).await, refused(404, ErrorCode::NotFound));
}

#[tokio::test]
async fn posts_that_name_no_stream_are_refused() {
    let server = Setup::dev().start().await;
    let stream = Stream::open(&server).await;
    let name = &stream.name;
    // The right node, and another secret; and a node that there is not.
    for name in [format!("{}{}", &name[..16], "0".repeat(32)), "7".repeat(48)] {
        let answer = post(&server, format!("{name} 1\n{PING}"), None).await;
        assert_eq!(answer, refused(404, ErrorCode::NotFound));
    }
    for body in [
        String::new(),
        "\n".to_owned(),
        PING.to_owned(),
        format!("{name}\n"),
        format!("{name} 0\n{PING}"),
        format!("{name} -1\n{PING}"),
        format!("{name} 99999999999999999999999\n{PING}"),
        format!("{}0 1\n{PING}", name),
    ] {
        let answer = post(&server, body.clone(), None).await;
        assert_eq!(answer, refused(400, ErrorCode::Malformed), "{body:?}");
    }
    let answer = post(&server, vec![b' '; sse::post_bytes(FRAME_BYTES) + 1], None).await;
    assert_eq!(answer, refused(413, ErrorCode::TooLarge));
    let wrong = http().put(server.url(PATH)).send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    let unknown =
        http().get(server.url(&format!("{PATH}?protocol=caffis.v9"))).send().await.unwrap();
    assert_eq!(unknown.status(), 422);
}

#[tokio::test]
async fn whoever_goes_on_guessing_is_slowed_down() {
    let server = Setup::dev().start().await;
    let mut stream = TcpStream::connect(server.tcp()).await.unwrap();
    let request = format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx");
    let (mut reading, mut writing) = stream.split();
    let write = async {
        // The server may be tired of it before.
        let _ = writing.write_all(request.repeat(3_000).as_bytes()).await;
    };
    let read = async {
        let mut heard = Vec::new();
        while !String::from_utf8_lossy(&heard).contains("HTTP/1.1 429") {
            heard.drain(..heard.len().saturating_sub(64));
            assert_ne!(reading.read_buf(&mut heard).await.unwrap(), 0, "nobody was slowed down");
        }
    };
    soon("a refusal", async {
        tokio::select! {
            () = read => {}
            () = async { write.await; std::future::pending().await } => {}
        }
    })
    .await;
    // Those who come with a good name at another time are not.
    let mut stream = Stream::open(&server).await;
    soon("the end of it", async { while stream.post(&server, 1, &hello()).await != TAKEN {} })
        .await;
    stream.frame().await;
}

#[tokio::test]
async fn lines_that_are_no_frames_end_the_stream() {
    let server = Setup::dev().start().await;
    for lines in [
        b":pang\n".to_vec(),
        b":bye\n".to_vec(),
        vec![0xff, 0xfe, b'\n'],
        b"\n".repeat(POST_FRAMES + 1),
    ] {
        let mut stream = Stream::open(&server).await;
        let body = [format!("{} 1\n", stream.name).as_bytes(), &lines].concat();
        let answer = post(&server, body, None).await;
        assert_eq!(answer, refused(400, ErrorCode::Malformed), "{lines:?}");
        assert_eq!(stream.farewell().await, CloseCode::Protocol.number());
        assert_eq!(stream.event().await, None);
    }
    // What is a line and no command is answered as on every transport: here it is no hello.
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.post(&server, 1, "nonsense\n").await, TAKEN);
    assert_eq!(stream.farewell().await, CloseCode::Protocol.number());
    assert_eq!(server.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn pages_of_other_sites_neither_open_nor_send() {
    let ours = "https://app.example";
    let server = Setup::dev().flags(&["--origins", ours]).start().await;
    let mut stream = Stream::open(&server).await;
    let body = format!("{} 1\n{}", stream.name, hello());
    for origin in ["https://evil.example", "null"] {
        let answer = post(&server, body.clone(), Some(origin)).await;
        assert_eq!(answer, refused(403, ErrorCode::Forbidden));
        let opening = http().get(server.url(PATH)).header("origin", origin).send().await.unwrap();
        assert_eq!(opening.status(), 403);
        assert!(!opening.headers().contains_key("access-control-allow-origin"));
    }
    assert_eq!(post(&server, body, Some(ours)).await, TAKEN);
    assert!(stream.frame().await["reply"]["result"]["ok"].is_object());
    let opening = http().get(server.url(PATH)).header("origin", ours).send().await.unwrap();
    assert_eq!(opening.headers()["access-control-allow-origin"], ours);
    let posting = http().post(server.url(PATH)).header("origin", ours).send().await.unwrap();
    assert_eq!(
        (posting.status().as_u16(), &posting.headers()["access-control-allow-origin"]),
        (400, &ours.parse().unwrap())
    );
}

/// Nobody can read a stream that somebody else has opened: its name is for sending, and there is no address at
/// which it is read.
#[tokio::test]
async fn a_stream_has_one_reader() {
    let server = Setup::dev().start().await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.post(&server, 1, &hello()).await, TAKEN);
    stream.frame().await;
    let second = server.get(&format!("{PATH}/{}", stream.name)).await;
    assert_ne!(second.0, 200);
    assert!(!second.1.starts_with("event:"), "{}", second.1);
    assert_eq!(stream.post(&server, 2, PING).await, TAKEN);
    assert_eq!(stream.frame().await["reply"]["id"], 7);
}

#[tokio::test]
async fn streams_of_one_address_are_counted() {
    let server = Setup::dev().flags(&["--connections-per-address", "2"]).start().await;
    let _held = [Stream::open(&server).await, Stream::open(&server).await];
    let third = http().get(server.url(PATH)).send().await.unwrap();
    assert_eq!(third.status(), 429);
    assert!(third.headers().contains_key("retry-after"));
}

/// A stream that nobody reads costs what a WebSocket that nobody reads does: its person is told that messages are
/// missing.
#[tokio::test]
async fn a_stream_that_is_not_read_holds_nobody_up() {
    let server = Setup::dev()
        .flags(&["--messages-per-second", "100000", "--commands-per-second", "100000"])
        .flags(&["--session-queue-bytes", "64KiB"])
        // However long a slow machine takes to send all of it.
        .flags(&["--idle-timeout", "10m"])
        .start()
        .await;
    let mut giulia = Person::enter(&server, "giulia", Over::Sse).await;
    let room = giulia.direct("marco").await;
    let mut mute = Person::enter(&server, "marco", Over::Sse).await;
    let text = "x".repeat(7_000);
    for _ in 0..1_500 {
        giulia.say(room, &text).await.unwrap();
    }
    mute.event(|event| matches!(event, Event::Behind(_)).then_some(())).await;
    giulia.ask(Command::Ping(Empty {})).await.unwrap();
}
