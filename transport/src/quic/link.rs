//! A QUIC or WebTransport connection as a link.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use caffis_link::{
    Codec, Farewell, Health, Incoming, Lane, Link, LinkInfo, SendError, codes,
    frame::{self, Decoder, Frame, FrameKind},
};
use tokio::time::Sleep;

use super::{
    config::{LANES, MAX_DATAGRAM},
    lane::{Read, ReceiveLane, SendLane},
    stream::{Connection, ReceiveHalf, SendHalf, Waiting},
};
use crate::{
    admit::Permit,
    limits::{CLOSE_WAIT, WRITE_BUFFER},
    lobby::Place,
};

/// Bytes of answers to pings that may wait above [`WRITE_BUFFER`]; further pings go unanswered.
const PONG_ROOM: usize = 1024;

/// A connection after its handshake, with lane 0 open.
pub(super) struct QuicLink {
    connection: Connection,
    info: LinkInfo,
    send: Vec<SendLane>,
    receive: Vec<ReceiveLane>,
    /// The receiver that is read first: it moves on, so that no lane starves another.
    first: usize,
    accept: Waiting<ReceiveHalf>,
    datagram: Waiting<Bytes>,
    closed: Waiting<()>,
    /// Pings whose answer is awaited.
    pings: u32,
    /// Whether a frame came on lane 0. The first one may be a pong that only makes the stream known.
    announced: bool,
    state: State,
    close_wait: Option<Pin<Box<Sleep>>>,
    /// Given back with the link.
    _held: Option<(Permit, Place)>,
}

enum State {
    Open,
    /// Our farewell is queued; the peer's end of the connection is awaited.
    Closing,
    /// The peer broke the protocol: say so, then report this.
    Failing(Farewell),
    Over(Farewell),
}

impl QuicLink {
    pub(super) fn new(
        connection: Connection,
        main: (SendHalf, ReceiveHalf),
        max_frame: usize,
        held: Option<(Permit, Place)>,
    ) -> Self {
        let quic = connection.quic();
        let peer = quic.remote_address();
        let info = LinkInfo {
            kind: connection.kind(),
            codec: Codec::Binary,
            peer: Some((peer.ip().to_canonical(), peer.port()).into()),
            lanes: LANES,
            max_frame,
            max_datagram: quic.max_datagram_size().is_some().then_some(MAX_DATAGRAM),
        };
        let mut send: Vec<SendLane> = (0..LANES).map(|_| SendLane::default()).collect();
        send[0].stream = Some(main.0);
        let receive = ReceiveLane {
            stream: main.1,
            lane: Some(Lane::MAIN),
            decoder: Decoder::new(max_frame),
        };
        Self {
            accept: connection.accept_uni(),
            datagram: connection.read_datagram(),
            closed: connection.closed(),
            connection,
            info,
            send,
            receive: vec![receive],
            first: 0,
            pings: 0,
            announced: false,
            state: State::Open,
            close_wait: None,
            _held: held,
        }
    }

    /// Makes the stream of lane 0 known to the server.
    pub(super) fn announce(&mut self) {
        self.send[0].put(FrameKind::Pong, &[]);
    }

    fn index(lane: Lane) -> usize {
        if lane.0 < LANES { usize::from(lane.0) } else { 0 }
    }

    fn open(&self) -> Result<(), SendError> {
        if matches!(self.state, State::Open) { Ok(()) } else { Err(SendError::Closed) }
    }

    fn end(&mut self, farewell: Farewell) -> Farewell {
        self.connection.close(codes::ABRUPT, "");
        self.send.clear();
        self.send.resize_with(usize::from(LANES), SendLane::default);
        self.receive.clear();
        self.state = State::Over(farewell.clone());
        farewell
    }

    /// Writes what is queued on every lane; a stuck one does not hold up the others.
    fn poll_write_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Farewell>> {
        let mut all = Poll::Ready(Ok(()));
        for index in 0..self.send.len() {
            match self.send[index].poll_write(index as u8, &self.connection, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(farewell)) => return Poll::Ready(Err(farewell)),
                Poll::Pending => all = Poll::Pending,
            }
        }
        all
    }

    /// Whether another stream claims the lane of the one at `index`.
    fn is_taken_twice(&self, index: usize) -> bool {
        let lane = self.receive[index].lane;
        let same = self.receive.iter().filter(|other| other.lane == lane).count();
        lane.is_some() && same > 1
    }

    /// The next frame of any lane; none when every lane is pending.
    fn poll_frames(&mut self, cx: &mut Context<'_>) -> Option<Result<Incoming, String>> {
        let mut tried = 0;
        while tried < self.receive.len() {
            let index = (self.first + tried) % self.receive.len();
            let read = self.receive[index].poll_read(cx);
            if self.is_taken_twice(index) {
                return Some(Err("two streams claim one lane".to_owned()));
            }
            match read {
                Poll::Pending => tried += 1,
                Poll::Ready(Read::Frame(lane, frame)) => {
                    match self.interpret(lane, frame) {
                        Ok(None) => {}
                        Ok(Some(incoming)) => {
                            if incoming == Incoming::Ping {
                                // The answer leaves now if it can.
                                let _ = self.send[0].poll_write(0, &self.connection, cx);
                            }
                            self.first = index + 1;
                            return Some(Ok(incoming));
                        }
                        Err(reason) => return Some(Err(reason)),
                    }
                }
                Poll::Ready(Read::End) if self.receive[index].lane == Some(Lane::MAIN) => {
                    let farewell = Farewell::abrupt("the other side ended without a farewell");
                    return Some(Ok(Incoming::Closed(farewell)));
                }
                Poll::Ready(Read::End) => {
                    self.receive.remove(index);
                    self.first = 0;
                    tried = 0;
                }
                Poll::Ready(Read::Lost(farewell)) => {
                    return Some(Ok(Incoming::Closed(farewell)));
                }
                Poll::Ready(Read::Broken(reason)) => return Some(Err(reason)),
            }
        }
        None
    }

    /// What a frame means; none when it only makes a stream known. The answer to a ping is queued.
    fn interpret(&mut self, lane: Lane, frame: Frame) -> Result<Option<Incoming>, String> {
        if frame.kind != FrameKind::Data && lane != Lane::MAIN {
            return Err("a control frame outside lane 0".to_owned());
        }
        let first = lane == Lane::MAIN && !self.announced;
        self.announced |= first;
        match frame.kind {
            FrameKind::Data => Ok(Some(Incoming::Frame { lane, payload: frame.payload })),
            FrameKind::Ping => {
                self.note_peer();
                if self.send[0].waiting() < WRITE_BUFFER + PONG_ROOM {
                    self.send[0].put(FrameKind::Pong, &frame.payload);
                }
                Ok(Some(Incoming::Ping))
            }
            FrameKind::Pong => {
                self.note_peer();
                let asked = self.pings > 0;
                self.pings = self.pings.saturating_sub(1);
                let unasked = (!first).then_some(Incoming::Ping);
                Ok(if asked { Some(Incoming::Pong) } else { unasked })
            }
            FrameKind::Farewell => match frame::decode_farewell(&frame.payload) {
                Ok(farewell) => Ok(Some(Incoming::Closed(farewell))),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// The peer may have moved to another address.
    fn note_peer(&mut self) {
        let peer = self.connection.quic().remote_address();
        self.info.peer = Some((peer.ip().to_canonical(), peer.port()).into());
    }

    /// Sends what is queued and ends the streams, then waits for the peer to end the connection.
    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.close_wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(CLOSE_WAIT)));
        if wait.as_mut().poll(cx).is_ready() || self.closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if ready!(self.poll_write_all(cx)).is_err() {
            return Poll::Ready(());
        }
        for lane in self.send.iter_mut().filter(|lane| !lane.finished) {
            lane.finished = true;
            if let Some(stream) = &mut lane.stream {
                // An error means that the peer stopped reading it: nothing is left to finish.
                let _ = stream.quic().finish();
            }
        }
        Poll::Pending
    }

    /// Takes in a stream that the peer opened. Ready with a reason when the connection is lost.
    fn poll_streams(&mut self, cx: &mut Context<'_>) -> Poll<Option<String>> {
        // One receiver for each lane at most; further streams wait, and the peer may not open many.
        if self.receive.len() >= usize::from(LANES) {
            return Poll::Pending;
        }
        match ready!(self.accept.as_mut().poll(cx)) {
            Ok(stream) => {
                self.accept = self.connection.accept_uni();
                let decoder = Decoder::new(self.info.max_frame);
                self.receive.push(ReceiveLane { stream, lane: None, decoder });
                Poll::Ready(None)
            }
            Err(farewell) => Poll::Ready(Some(farewell.reason)),
        }
    }
}

impl Link for QuicLink {
    fn info(&self) -> &LinkInfo {
        &self.info
    }

    fn health(&self) -> Health {
        let quic = self.connection.quic();
        Health { round_trip: Some(quic.rtt()), lost_packets: quic.stats().path.lost_packets }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            match &self.state {
                State::Failing(farewell) => {
                    let farewell = farewell.clone();
                    ready!(self.poll_goodbye(cx));
                    return Poll::Ready(Incoming::Closed(self.end(farewell)));
                }
                State::Over(farewell) => {
                    return Poll::Ready(Incoming::Closed(farewell.clone()));
                }
                State::Open | State::Closing => {}
            }
            match self.poll_frames(cx) {
                Some(Ok(Incoming::Closed(farewell))) => {
                    return Poll::Ready(Incoming::Closed(self.end(farewell)));
                }
                Some(Ok(incoming)) => return Poll::Ready(incoming),
                Some(Err(reason)) => {
                    let farewell = Farewell::new(codes::PROTOCOL, reason);
                    self.send[0].put(FrameKind::Farewell, &frame::encode_farewell(&farewell));
                    self.state = State::Failing(farewell);
                    continue;
                }
                None => {}
            }
            if let Poll::Ready(Ok(datagram)) = self.datagram.as_mut().poll(cx) {
                self.datagram = self.connection.read_datagram();
                return Poll::Ready(Incoming::Datagram(datagram));
            }
            match ready!(self.poll_streams(cx)) {
                None => {}
                Some(reason) => {
                    let farewell = Farewell::abrupt(reason);
                    return Poll::Ready(Incoming::Closed(self.end(farewell)));
                }
            }
        }
    }

    fn poll_ready(&mut self, lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        let index = Self::index(lane);
        let lane = &mut self.send[index];
        if lane.waiting() < WRITE_BUFFER {
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(Err(_)) = lane.poll_write(index as u8, &self.connection, cx) {
            return Poll::Ready(Err(SendError::Closed));
        }
        lane.compact();
        if lane.waiting() < WRITE_BUFFER { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn start_send(&mut self, lane: Lane, payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        let (size, limit) = (payload.len(), self.info.max_frame);
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        self.send[Self::index(lane)].put(FrameKind::Data, &payload);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        self.poll_write_all(cx).map_err(|_| SendError::Closed)
    }

    fn send_datagram(&mut self, payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        let limit = self.info.max_datagram.ok_or(SendError::NoDatagrams)?;
        let size = payload.len();
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        self.connection.send_datagram(payload);
        Ok(())
    }

    fn ping(&mut self) -> Result<(), SendError> {
        self.open()?;
        if self.send[0].waiting() < WRITE_BUFFER + PONG_ROOM {
            self.pings += 1;
            self.send[0].put(FrameKind::Ping, &[]);
        }
        Ok(())
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        match self.state {
            State::Open => {
                self.send[0].put(FrameKind::Farewell, &frame::encode_farewell(farewell));
                self.state = State::Closing;
            }
            State::Closing | State::Failing(_) => {}
            State::Over(_) => return Poll::Ready(()),
        }
        ready!(self.poll_goodbye(cx));
        self.end(Farewell::abrupt("this side closed"));
        Poll::Ready(())
    }
}
