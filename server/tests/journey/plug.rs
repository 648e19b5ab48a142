//! A way to the server that can be pulled out and put back.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use caffis_client::{
    ConnectError, ConnectFuture, Connector,
    transports::{Quic, ServerSentEvents, WebSocket},
};
use caffis_link::{Codec, Farewell, Health, Incoming, Lane, Link, LinkInfo, SendError};
use caffis_transport::{quic, tls::Trust, ws};
use serde_json::Value;

use crate::common::{Over, Server, http};

#[derive(Default)]
struct State {
    out: bool,
    /// Counts how often it was pulled out; a link of before is dead.
    pulls: u64,
    wakers: Vec<Waker>,
}

/// Connects to a server while it is plugged in.
#[derive(Clone)]
pub(crate) struct Plug {
    over: Over,
    tcp: SocketAddr,
    /// Where UDP goes instead of where the server says.
    udp: Option<SocketAddr>,
    state: Arc<Mutex<State>>,
}

impl Plug {
    pub(crate) fn new(server: &Server, over: Over) -> Self {
        Self::at(server.tcp(), over)
    }

    /// Connects to whatever serves at this address.
    pub(crate) fn at(tcp: SocketAddr, over: Over) -> Self {
        Self { over, tcp, udp: None, state: Arc::default() }
    }

    /// With UDP to this address.
    pub(crate) fn udp_at(self, udp: SocketAddr) -> Self {
        Self { udp: Some(udp), ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The link dies, and there is no other.
    pub(crate) fn pull(&self) {
        let mut state = self.state();
        state.out = true;
        state.pulls += 1;
        state.wakers.drain(..).for_each(Waker::wake);
    }

    /// There is a way again.
    pub(crate) fn put_back(&self) {
        self.state().out = false;
    }

    /// QUIC to the server, whose certificate may have changed since the last time.
    pub(crate) async fn quic(&self, bind: Option<SocketAddr>) -> Result<Quic, ConnectError> {
        let (address, options) = self.quic_server().await?;
        Quic::new(address.to_string(), quic::ClientOptions { bind, ..options })
    }

    /// Where the server says that it takes UDP, and by what certificate it is known.
    async fn quic_server(&self) -> Result<(SocketAddr, quic::ClientOptions), ConnectError> {
        let unreachable = |error: reqwest::Error| ConnectError::Unreachable(error.to_string());
        let url = format!("http://{}/api/chat/connect", self.tcp);
        let answer = http().get(url).send().await.map_err(unreachable)?;
        let text = answer.text().await.map_err(unreachable)?;
        let info: Value = serde_json::from_str(&text)
            .map_err(|error| ConnectError::Unreachable(format!("{error}: {text}")))?;
        let hash = BASE64_STANDARD.decode(info["quic"]["certificateHash"].as_str().unwrap());
        let trust = Trust::Hashes(vec![hash.unwrap().try_into().unwrap()]);
        let port = info["quic"]["port"].as_u64().unwrap().try_into().unwrap();
        let address = self.udp.unwrap_or((self.tcp.ip(), port).into());
        Ok((address, quic::ClientOptions { trust, ..Default::default() }))
    }

    async fn link(&self) -> Result<Box<dyn Link>, ConnectError> {
        let codec = match self.over {
            Over::Quic => return self.quic(None).await?.connect().await,
            Over::WebTransport => {
                let (address, options) = self.quic_server().await?;
                let url = format!("https://{address}/api/chat/wt");
                let link = quic::connect_webtransport(&url, &options).await;
                return link.map_err(|error| ConnectError::Unreachable(error.to_string()));
            }
            Over::Sse => {
                let url = format!("http://{}/api/chat/events", self.tcp);
                return ServerSentEvents::new(url).connect().await;
            }
            Over::Json => Codec::Json,
            Over::WebSocket => Codec::Binary,
        };
        let mut socket = WebSocket::new(format!("ws://{}/api/chat/ws", self.tcp));
        socket.options = ws::ClientOptions { codec, ..socket.options };
        socket.connect().await
    }
}

impl Connector for Plug {
    fn connect(&self) -> ConnectFuture<'_> {
        Box::pin(async move {
            let pulls = {
                let state = self.state();
                if state.out {
                    return Err(ConnectError::Unreachable("the plug is out".to_owned()));
                }
                state.pulls
            };
            let link = self.link().await?;
            Ok(Box::new(Plugged { link, pulls, plug: self.clone() }) as Box<dyn Link>)
        })
    }
}

struct Plugged {
    link: Box<dyn Link>,
    pulls: u64,
    plug: Plug,
}

impl Link for Plugged {
    fn info(&self) -> &LinkInfo {
        self.link.info()
    }

    fn health(&self) -> Health {
        self.link.health()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut state = self.plug.state();
        if state.pulls != self.pulls {
            return Poll::Ready(Incoming::Closed(Farewell::abrupt("the plug was pulled")));
        }
        state.wakers.retain(|waker| !waker.will_wake(cx.waker()));
        state.wakers.push(cx.waker().clone());
        drop(state);
        self.link.poll_recv(cx)
    }

    fn poll_ready(&mut self, lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.link.poll_ready(lane, cx)
    }

    fn start_send(&mut self, lane: Lane, payload: Bytes) -> Result<(), SendError> {
        self.link.start_send(lane, payload)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.link.poll_flush(cx)
    }

    fn send_datagram(&mut self, payload: Bytes) -> Result<(), SendError> {
        self.link.send_datagram(payload)
    }

    fn ping(&mut self) -> Result<(), SendError> {
        self.link.ping()
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        self.link.poll_close(farewell, cx)
    }
}
