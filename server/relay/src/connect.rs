//! Sessions with PostgreSQL.

use std::{future::poll_fn, path::Path, str::FromStr, sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::{sync::Notify, task::JoinHandle, time::timeout};
use tokio_postgres::{AsyncMessage, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{error::RelayError, settings::DatabaseSettings};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long bytes may stay unanswered, so that a server that is gone is noticed.
const SILENCE: Duration = Duration::from_secs(30);
/// How long one statement may take.
const STATEMENT: Duration = Duration::from_secs(60);
/// How much longer we wait for its answer, should the server stand still.
const GRACE: Duration = Duration::from_secs(5);

/// The oldest version that has what the statements use.
const OLDEST_VERSION: i32 = 140_000;

/// How to connect.
pub(crate) struct Database {
    config: Config,
    tls: MakeRustlsConnect,
}

/// A connection, closed when it is dropped.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// Woken by every NOTIFY that the session listens to.
    pub(crate) woken: Arc<Notify>,
    messages: JoinHandle<()>,
}

impl Database {
    /// Reads the settings.
    pub(crate) fn new(settings: &DatabaseSettings) -> Result<Self, RelayError> {
        let config = Config::from_str(&settings.url);
        let mut config = config.map_err(|error| RelayError::Unreachable(error.to_string()))?;
        if let Some(password) = &settings.password {
            config.password(password);
        }
        config.application_name("caffis-chat pg-relay");
        config.connect_timeout(CONNECT).tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        let mut roots = RootCertStore::empty();
        match &settings.ca {
            Some(path) => {
                roots.add_parsable_certificates(certificates("pg_relay_database_ca", path)?)
            }
            None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| RelayError::Certificate(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }

    /// Connects, for reading and writing.
    pub(crate) async fn connect(&self) -> Result<Session, RelayError> {
        let session = self.open().await?;
        session.check_writable().await?;
        Ok(session)
    }

    async fn open(&self) -> Result<Session, RelayError> {
        let connecting = timeout(CONNECT + GRACE, self.config.connect(self.tls.clone())).await;
        let (client, mut connection) =
            connecting.map_err(|_| RelayError::Unreachable("no answer".to_owned()))??;
        let woken = Arc::new(Notify::new());
        let wake = Arc::clone(&woken);
        let messages = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    wake.notify_one();
                }
            }
            // Whoever waits for news sees that the session is over.
            wake.notify_one();
        });
        let session = Session { client, woken, messages };
        let limit = STATEMENT.as_millis();
        answered(session.client.batch_execute(&format!(
            "SET statement_timeout = {limit}; SET lock_timeout = {limit}; \
             SET timezone = 'UTC'"
        )))
        .await?;
        Ok(session)
    }
}

impl Session {
    /// Whether the connection has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.client.is_closed()
    }

    async fn check_writable(&self) -> Result<(), RelayError> {
        let row = answered(self.client.query_one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'), \
             pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean",
            &[],
        ))
        .await?;
        if row.get::<_, i32>(0) < OLDEST_VERSION {
            return Err(RelayError::TooOld(row.get(1)));
        }
        if row.get(2) { Err(RelayError::ReadOnly) } else { Ok(()) }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.messages.abort();
    }
}

/// The answer to a statement, for which a server that stands still is not waited for without end.
pub(crate) async fn answered<T>(
    statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, RelayError> {
    match timeout(STATEMENT + GRACE, statement).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(RelayError::Unreachable("a statement is not answered".to_owned())),
    }
}

/// The certificates of a file.
pub(crate) fn certificates(
    key: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, RelayError> {
    let refused = |reason: String| RelayError::CertificateFile {
        key,
        path: path.display().to_string(),
        reason,
    };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| refused(error.to_string()))?;
    let found: Vec<_> =
        found.collect::<Result<_, _>>().map_err(|error| refused(error.to_string()))?;
    if found.is_empty() { Err(refused("it has none".to_owned())) } else { Ok(found) }
}
