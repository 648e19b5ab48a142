//! Where a server is, and how to get at it.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use caffis_client::{
    ConnectError, ConnectFuture, Connector, Preferred, TokenFuture, TokenSource,
    transports::{Quic, WebSocket},
};
use caffis_transport::tls::Trust;
use serde_json::Value;

/// How the server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Transport {
    /// QUIC, and WebSocket where that does not get through.
    Auto,
    /// Native QUIC.
    Quic,
    /// WebSocket.
    Ws,
}

/// A server by the address of its HTTP side.
#[derive(Clone, Debug)]
pub(super) struct Site {
    base: reqwest::Url,
    http: reqwest::Client,
    transport: Transport,
    /// What answered last; kept while it works, so that one UDP socket serves all attempts.
    found: Arc<Mutex<Option<Found>>>,
}

#[derive(Clone)]
struct Found {
    info: Value,
    connector: Arc<dyn Connector>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.info.fmt(f)
    }
}

impl Site {
    pub(super) fn new(server: &str, transport: Transport) -> anyhow::Result<Self> {
        let address =
            if server.contains("://") { server.to_owned() } else { format!("http://{server}") };
        let base = reqwest::Url::parse(&address)
            .with_context(|| format!("{server} is no address of a server"))?;
        let http = reqwest::Client::builder()
            .connect_timeout(std::time::Duration::from_secs(5))
            .timeout(std::time::Duration::from_secs(10))
            .build()
            .context("there is no HTTP client")?;
        Ok(Self { base, http, transport, found: Arc::default() })
    }

    fn url(&self, path: &str) -> anyhow::Result<reqwest::Url> {
        Ok(self.base.join(path)?)
    }

    /// A token of a development server.
    async fn development_token(&self, user: &str) -> anyhow::Result<String> {
        let url = self.url("/api/chat/dev/token")?;
        let body = serde_json::json!({ "user": user }).to_string();
        let request = self.http.post(url).header("content-type", "application/json").body(body);
        let answer = request.send().await.context("the server cannot be reached")?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("the server gives no development tokens ({status}): use --token");
        }
        let answer: Value = serde_json::from_str(&text)?;
        let token = answer["token"].as_str().context("the answer has no token")?;
        Ok(token.to_owned())
    }

    /// Development tokens for a person, a fresh one each time.
    pub(super) fn tokens(&self, user: String) -> TokenSource {
        let site = self.clone();
        Arc::new(move || {
            let (site, user) = (site.clone(), user.clone());
            Box::pin(async move {
                site.development_token(&user).await.map_err(|error| format!("{error:#}"))
            }) as TokenFuture
        })
    }

    async fn ask(&self) -> anyhow::Result<Arc<dyn Connector>> {
        let answer = self.http.get(self.url("/api/chat/connect")?).send().await?;
        let said: Value = serde_json::from_str(&answer.error_for_status()?.text().await?)?;
        // Not what changes from one answer to the next, as the time.
        let info = ["websocket", "webtransport", "quic"].map(|key| said[key].clone());
        let info = Value::from_iter(["websocket", "webtransport", "quic"].into_iter().zip(info));
        let mut kept = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = &*kept
            && found.info == info
        {
            return Ok(Arc::clone(&found.connector));
        }
        let connector = self.connector(&info)?;
        *kept = Some(Found { info, connector: Arc::clone(&connector) });
        Ok(connector)
    }

    fn connector(&self, info: &Value) -> anyhow::Result<Arc<dyn Connector>> {
        let websocket = || -> anyhow::Result<Arc<dyn Connector>> {
            let path = info["websocket"]["path"].as_str().unwrap_or("/api/chat/ws");
            let mut url = self.url(path)?;
            let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
            if url.set_scheme(scheme).is_err() {
                bail!("{url} cannot be reached over WebSocket");
            }
            Ok(Arc::new(WebSocket::new(url)))
        };
        let quic = || -> anyhow::Result<Arc<dyn Connector>> {
            let host = self.base.host_str().context("the address has no host")?;
            let port = info["quic"]["port"].as_u64().or(info["webtransport"]["port"].as_u64());
            let port = port.context("the server does not offer QUIC")?;
            let hash = &info["webtransport"]["certificateHash"];
            let hash = hash.as_str().or(info["quic"]["certificateHash"].as_str());
            let trust = match hash {
                Some(hash) => Trust::Hashes(vec![read_hash(hash)?]),
                None => Trust::Native,
            };
            Ok(Arc::new(Quic::trusting(format!("{host}:{port}"), trust)?))
        };
        match self.transport {
            Transport::Quic => quic(),
            Transport::Ws => websocket(),
            Transport::Auto => Ok(match quic() {
                Ok(quic) => Arc::new(Preferred::new(quic, websocket()?)),
                Err(_) => websocket()?,
            }),
        }
    }
}

impl Connector for Site {
    fn connect(&self) -> ConnectFuture<'_> {
        Box::pin(async move {
            // Asked each time: a server that was restarted may have another certificate.
            let connector =
                self.ask().await.map_err(|e| ConnectError::Unreachable(format!("{e:#}")))?;
            connector.connect().await
        })
    }
}

/// A SHA-256 hash in hexadecimal digits or base64.
fn read_hash(text: &str) -> anyhow::Result<[u8; 32]> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let mut hash = [0; 32];
        for (index, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16)?;
        }
        return Ok(hash);
    }
    let bytes = STANDARD.decode(text).context("the certificate's hash cannot be read")?;
    bytes.try_into().map_err(|_| anyhow::anyhow!("the certificate's hash has a wrong length"))
}

#[cfg(test)]
mod tests {
    use super::read_hash;

    #[test]
    fn hashes_are_read_in_both_forms() {
        let hash = [0xab; 32];
        assert_eq!(read_hash(&"ab".repeat(32)).unwrap(), hash);
        assert_eq!(read_hash(&["ab"; 32].join(":")).unwrap(), hash);
        assert_eq!(read_hash("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=").unwrap(), hash);
        assert!(read_hash("abc").is_err());
    }
}
