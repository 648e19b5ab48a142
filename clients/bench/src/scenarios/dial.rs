//! Connecting people to a server, over any transport.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use caffis_client::{
    Connection, Connector, Heartbeat,
    transports::{Quic, WebSocket},
};
use caffis_link::Link;
use caffis_schema::{Command, Reply, RoomId, command::Open, reply::Opened};
use caffis_transport::{quic, tls::Trust};

use super::person;
use crate::{
    frames,
    wire::{Shared, Wire, local},
};

/// How a scenario's people connect.
#[derive(Clone)]
pub(super) enum Dial {
    /// WebSocket, by the lean client.
    Plain(Shared),
    /// WebSocket, by the client library.
    WebSocket,
    /// WebSocket over TLS.
    Tls(Trust),
    /// Native QUIC, all from one socket.
    Quic(Arc<Quic>),
    /// WebTransport, each from a socket of its own.
    WebTransport(quic::ClientOptions),
}

/// A person who is connected; drop it to leave.
pub(super) enum Joined {
    Wire(Wire),
    Link(Box<Connection>),
}

impl Dial {
    /// By the transport with this name, with connections that the client library speaks on.
    pub(super) async fn named(transport: &str, address: SocketAddr) -> anyhow::Result<Self> {
        match transport {
            "websocket" => Ok(Self::WebSocket),
            "quic" => Self::quic(address).await,
            "webtransport" => Ok(Self::WebTransport(trusting(address).await?)),
            other => anyhow::bail!("there is no transport {other}"),
        }
    }

    /// Native QUIC to this server.
    pub(super) async fn quic(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self::Quic(Arc::new(Quic::new(address.to_string(), trusting(address).await?)?)))
    }

    /// Connects and says hello.
    pub(super) async fn join(&self, server: SocketAddr, index: usize) -> anyhow::Result<Joined> {
        if let Self::Plain(shared) = self {
            let mut wire = Wire::connect(server, index, shared).await?;
            wire.hello(&person(index), Vec::new()).await?;
            return Ok(Joined::Wire(wire));
        }
        Ok(Joined::Link(Box::new(self.connection(server, index).await?)))
    }

    /// Connects and says hello, by the client library.
    pub(super) async fn connection(
        &self,
        server: SocketAddr,
        index: usize,
    ) -> anyhow::Result<Connection> {
        let link: Box<dyn Link> = match self {
            Self::Plain(_) | Self::WebSocket => {
                let url = format!("ws://{server}/api/chat/ws");
                WebSocket::new(url).bind(local(index)).connect().await?
            }
            Self::Tls(trust) => {
                let url = format!("wss://{server}/api/chat/ws");
                WebSocket::new(url).trust(trust.clone()).bind(local(index)).connect().await?
            }
            Self::Quic(quic) => quic.connect().await?,
            Self::WebTransport(options) => {
                let url = format!("https://{server}/api/chat/wt");
                quic::connect_webtransport(&url, options).await?
            }
        };
        let mut connection = Connection::new(link);
        connection.hello(frames::hello(&person(index), Vec::new())).await?;
        connection.set_heartbeat(Heartbeat::IDLE);
        Ok(connection)
    }
}

/// Options that trust the server's own fresh certificate, on the server's word.
async fn trusting(address: SocketAddr) -> anyhow::Result<quic::ClientOptions> {
    let trust = Trust::Hashes(vec![certificate_hash(address).await?]);
    Ok(quic::ClientOptions { trust, ..quic::ClientOptions::default() })
}

/// Opens a room on a connection of the client library.
pub(super) async fn open(connection: &mut Connection, room: RoomId) -> anyhow::Result<Opened> {
    match connection.call(Command::Open(Open { room, limit: 1 })).await? {
        Reply::Opened(opened) => Ok(opened),
        other => anyhow::bail!("open was answered with {}", other.name()),
    }
}

/// What `GET /api/chat/connect` says of the certificate.
async fn certificate_hash(server: SocketAddr) -> anyhow::Result<[u8; 32]> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(server).await?;
    let request =
        format!("GET /api/chat/connect HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let from = answer.find('{').context("no JSON in the answer")?;
    let to = answer.rfind('}').context("no JSON in the answer")?;
    let info: serde_json::Value = serde_json::from_str(&answer[from..=to])?;
    let hash = info["webtransport"]["certificateHash"].as_str().context("no hash")?;
    let bytes = STANDARD.decode(hash).context("the hash is not base64")?;
    bytes.try_into().map_err(|_| anyhow::anyhow!("the hash has a wrong length"))
}
