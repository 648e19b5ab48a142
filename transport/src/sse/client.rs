//! The client's side, over HTTP/1.1: one connection for the stream and one for POSTs.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    body::Body,
    http::{Method, StatusCode, Uri},
};
use bytes::Bytes;
use caffis_link::{
    Codec, Farewell, Health, Incoming, Kind, Lane, Link, LinkInfo, RoundTrip, SendError, codes,
};
use hyper::body::Body as _;
use tokio::time::{Sleep, timeout};

use super::{
    event::{Event, Parser},
    http::{Connection, Http, Poster, broken},
    options::{ClientOptions, POST_FRAMES},
    post::{self, farewell_text},
};
use crate::{
    error::ConnectError,
    limits::{CLOSE_WAIT, WRITE_BUFFER},
    ws::{BINARY, JSON},
};

/// Connects to an `http://` or `https://` address.
///
/// # Errors
/// Any [`ConnectError`] but those of QUIC.
pub async fn connect(url: &str, options: &ClientOptions) -> Result<Box<dyn Link>, ConnectError> {
    let within = options.timeout;
    timeout(within, connect_now(url, options)).await.map_err(|_| ConnectError::TimedOut(within))?
}

async fn connect_now(url: &str, options: &ClientOptions) -> Result<Box<dyn Link>, ConnectError> {
    let uri: Uri = url.parse().map_err(|_| ConnectError::Address(url.to_owned()))?;
    let http = Arc::new(Http { uri, options: options.clone() });
    let mut connection = http.connect().await?;
    let protocol = if options.codec == Codec::Json { JSON } else { BINARY };
    let path = format!("{}?protocol={protocol}", http.uri.path());
    let request = http.request(Method::GET, &path, Body::empty())?;
    let response = connection.sender.send_request(request).await.map_err(broken)?;
    if response.status() != StatusCode::OK {
        return Err(ConnectError::NoStream(response.status().as_u16()));
    }
    let info = LinkInfo {
        kind: Kind::Sse,
        codec: options.codec,
        peer: Some(connection.peer),
        lanes: 1,
        max_frame: options.max_frame,
        max_datagram: None,
    };
    let mut link = ClientLink {
        parser: Parser::new(options.codec, options.max_frame),
        info,
        body: response.into_body(),
        _stream: connection,
        poster: Some(Poster::new(http)),
        name: String::new(),
        number: 0,
        lines: Vec::new(),
        frames: 0,
        posting: None,
        failed: None,
        pings: 0,
        round_trip: RoundTrip::default(),
        over: None,
        closing: false,
        wait: None,
    };
    match std::future::poll_fn(|cx| link.poll_event(cx)).await {
        Ok(Some(Event::Stream(name))) => link.name = name,
        _ => return Err(ConnectError::Handshake("the first event does not name the stream")),
    }
    Ok(Box::new(link))
}

type Posting = Pin<Box<dyn Future<Output = (Poster, Result<(), String>)> + Send>>;

/// A stream and its POSTs.
struct ClientLink {
    info: LinkInfo,
    parser: Parser,
    body: hyper::body::Incoming,
    _stream: Connection,
    /// None while a POST is under way.
    poster: Option<Poster>,
    name: String,
    number: u64,
    /// What waits for the next POST.
    lines: Vec<u8>,
    frames: usize,
    posting: Option<Posting>,
    /// Why nothing can be sent any more. The stream may still say why.
    failed: Option<String>,
    pings: u32,
    round_trip: RoundTrip,
    over: Option<Farewell>,
    closing: bool,
    wait: Option<Pin<Box<Sleep>>>,
}

impl ClientLink {
    fn end(&mut self, farewell: Farewell) -> Farewell {
        self.over.get_or_insert(farewell).clone()
    }

    fn open(&self) -> Result<(), SendError> {
        let is_open = self.over.is_none() && self.failed.is_none() && !self.closing;
        if is_open { Ok(()) } else { Err(SendError::Closed) }
    }

    /// The next event; none at the end of the response.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Farewell>> {
        loop {
            match self.parser.next() {
                Ok(Some(event)) => return Poll::Ready(Ok(Some(event))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(Farewell::new(codes::PROTOCOL, error.0))),
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Some(piece) = frame.data_ref() {
                        self.parser.push(piece);
                    }
                }
                Some(Err(error)) => {
                    return Poll::Ready(Err(Farewell::abrupt(error.to_string())));
                }
                None => return Poll::Ready(Ok(None)),
            }
        }
    }

    /// Sends what waits. Ready when all was taken.
    fn poll_post(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        loop {
            if let Some(posting) = &mut self.posting {
                let (poster, result) = ready!(posting.as_mut().poll(cx));
                self.poster = Some(poster);
                self.posting = None;
                if let Err(reason) = result {
                    self.lines = Vec::new();
                    self.failed.get_or_insert(reason);
                }
            }
            if self.failed.is_some() {
                return Poll::Ready(Err(SendError::Closed));
            }
            if self.lines.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let Some(poster) = self.poster.take() else {
                return Poll::Ready(Err(SendError::Closed));
            };
            self.number += 1;
            let mut body = post::head(&self.name, self.number).into_bytes();
            body.append(&mut self.lines);
            self.frames = 0;
            self.posting = Some(Box::pin(poster.post(body.into())));
        }
    }

    /// Whether what waits should go before more is queued: with one more frame it still fits a POST.
    fn is_full(&self) -> bool {
        self.lines.len() >= WRITE_BUFFER || self.frames >= POST_FRAMES / 2
    }

    fn put_control(&mut self, control: &str) {
        if self.frames < POST_FRAMES {
            post::put_control(&mut self.lines, control);
            self.frames += 1;
        }
    }

    /// After a POST failed the stream has this long to say why.
    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let Some(reason) = self.failed.clone() else { return Poll::Pending };
        ready!(self.poll_wait(cx));
        Poll::Ready(Incoming::Closed(self.end(Farewell::abrupt(reason))))
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(CLOSE_WAIT)));
        wait.as_mut().poll(cx)
    }
}

impl Link for ClientLink {
    fn info(&self) -> &LinkInfo {
        &self.info
    }

    fn health(&self) -> Health {
        Health { round_trip: self.round_trip.smoothed(), ..Health::default() }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        if let Some(farewell) = &self.over {
            return Poll::Ready(Incoming::Closed(farewell.clone()));
        }
        // What waits goes on its way; failures show below.
        let _ = self.poll_post(cx);
        let event = match self.poll_event(cx) {
            Poll::Ready(event) => event,
            Poll::Pending => return self.poll_last_words(cx),
        };
        let farewell = match event {
            Ok(Some(Event::Frame(payload))) => {
                return Poll::Ready(Incoming::Frame { lane: Lane::MAIN, payload });
            }
            Ok(Some(Event::Ping)) => {
                self.put_control("pong");
                let _ = self.poll_post(cx);
                return Poll::Ready(Incoming::Ping);
            }
            Ok(Some(Event::Pong)) => {
                if self.pings > 0 {
                    self.pings -= 1;
                    self.round_trip.answered();
                }
                return Poll::Ready(Incoming::Pong);
            }
            Ok(Some(Event::Farewell(farewell))) => farewell,
            Ok(Some(Event::Stream(_))) => Farewell::new(codes::PROTOCOL, "a second name"),
            Ok(None) => Farewell::abrupt("the stream ended"),
            Err(farewell) => farewell,
        };
        Poll::Ready(Incoming::Closed(self.end(farewell)))
    }

    fn poll_ready(&mut self, _lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        if self.is_full() {
            match self.poll_post(cx) {
                Poll::Pending if self.is_full() => return Poll::Pending,
                Poll::Pending => {}
                Poll::Ready(result) => return Poll::Ready(result),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, _lane: Lane, payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        let (size, limit) = (payload.len(), self.info.max_frame);
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        post::put_frame(&mut self.lines, self.info.codec, &payload);
        self.frames += 1;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        self.poll_post(cx)
    }

    fn send_datagram(&mut self, _payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        Err(SendError::NoDatagrams)
    }

    fn ping(&mut self) -> Result<(), SendError> {
        self.open()?;
        self.pings += 1;
        self.round_trip.asked();
        self.put_control("ping");
        Ok(())
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        if self.over.is_some() {
            return Poll::Ready(());
        }
        if !self.closing {
            self.closing = true;
            post::put_control(&mut self.lines, &format!("bye {}", farewell_text(farewell)));
        }
        if self.poll_post(cx).is_pending() {
            ready!(self.poll_wait(cx));
        }
        self.end(Farewell::abrupt("this side closed"));
        Poll::Ready(())
    }
}
