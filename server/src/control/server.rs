//! The side of the running server.

use std::{
    fs,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener as StdListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use caffis_core::{
    Core,
    cluster::{Cluster, SHARDS, Shard},
    model::webhooks::DeadLetterFilter,
    ports::clock::SharedClock,
    ports::store::StoreError,
};
use caffis_schema::Error;
use tokio::{
    net::UnixListener,
    runtime::Handle,
    sync::{Notify, Semaphore},
    task::{JoinHandle, spawn_blocking},
};

use super::{
    hooks,
    protocol::{Answer, MAX_CHUNK, MAX_LINE, PATIENCE, Request, SocketAddress, socket_path},
    search::{self, SearchStatus},
    status,
};
use crate::{
    service_keys::{KeyOrder, ServiceKeys, carry_out},
    storage::Storage,
};

/// Requests that are served at the same time.
const MAX_REQUESTS: usize = 4;

/// What requests need.
#[derive(Clone)]
pub struct Services {
    /// The chat.
    pub core: Core,
    /// The store.
    pub store: Storage,
    /// This process as one of several.
    pub cluster: Option<Cluster>,
    /// The keys of services.
    pub keys: Arc<ServiceKeys>,
    /// The wall clock.
    pub clock: SharedClock,
    /// Told when the server is to end.
    pub leave: Arc<Notify>,
}

/// The listening socket; dropping it removes it.
pub struct ControlServer {
    path: PathBuf,
    listener: JoinHandle<()>,
}

impl ControlServer {
    /// Listens in the data folder, whose store this process holds: a socket that is there already
    /// belongs to no one.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn start(data: &Path, services: Services) -> io::Result<Self> {
        let path = socket_path(data);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Created under another name, so that nobody can connect before the permissions are set.
        let name = format!(".control-{}", std::process::id());
        let listener = StdListener::bind(&SocketAddress::new(data, &name)?.path)?;
        let hidden = data.join(name);
        fs::set_permissions(&hidden, fs::Permissions::from_mode(0o600))?;
        fs::rename(&hidden, &path)?;
        listener.set_nonblocking(true)?;
        let listener = UnixListener::from_std(listener)?;
        Ok(Self { path, listener: tokio::spawn(listen(listener, services)) })
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.listener.abort();
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the control socket was gone already");
        }
    }
}

async fn listen(listener: UnixListener, services: Services) {
    let places = Arc::new(Semaphore::new(MAX_REQUESTS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream.into_std(),
            Err(error) => Err(error),
        };
        let services = services.clone();
        match stream {
            Ok(stream) => drop(spawn_blocking(move || {
                if let Err(error) = serve(stream, &services) {
                    tracing::warn!(%error, "a control request broke");
                }
                drop(place);
            })),
            Err(error) => tracing::warn!(%error, "a control connection could not be taken"),
        }
    }
}

/// Serves one request, on a thread that may block.
fn serve(stream: UnixStream, services: &Services) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.try_clone()?).take(MAX_LINE).read_line(&mut line)?;
    let mut out = &stream;
    let answer = match serde_json::from_str(&line) {
        Ok(Request::Backup) => backup(out, services),
        Ok(Request::Revoke { user, before }) => {
            let revoked = Handle::current().block_on(services.core.revoke(&user, before));
            tracing::info!(user.id = %user, before = before.get(), done = revoked.is_ok(), "sessions revoked");
            outcome(revoked.map(|()| 0))
        }
        Ok(Request::Health) => Answer::Done { rows: 0 },
        Ok(Request::Cluster) => Handle::current().block_on(cluster(services)),
        Ok(Request::HandOver { shard, to }) => {
            Handle::current().block_on(hand_over(services, shard, to.as_deref()))
        }
        Ok(Request::Endpoints) => {
            let states = Handle::current().block_on(hooks::endpoints(&services.core));
            states.map_or_else(failed, Answer::Endpoints)
        }
        Ok(Request::DeadLetters { endpoint, after }) => {
            let page = hooks::list(&services.core, endpoint.as_deref(), after.as_deref());
            Handle::current().block_on(page).map_or_else(failed, Answer::DeadLetters)
        }
        Ok(Request::DeadLetter { id }) => {
            let letter = Handle::current().block_on(hooks::inspect(&services.core, &id));
            letter.map_or_else(failed, Answer::DeadLetter)
        }
        Ok(Request::Redrive { endpoint, id }) => {
            let which = DeadLetterFilter { endpoint, id };
            let done = Handle::current().block_on(hooks::redrive(&services.core, &which));
            tracing::info!(?done, "dead letters were sent again");
            done.map_or_else(failed, Answer::Redriven)
        }
        Ok(Request::RebuildSearch) => {
            rebuilding(Handle::current().block_on(search::rebuild(&services.core)))
        }
        Ok(Request::SearchRebuilding) => {
            rebuilding(Handle::current().block_on(search::status(&services.core)))
        }
        Ok(Request::Keys { order }) => Handle::current().block_on(keys(services, &order)),
        Ok(Request::Leave) => {
            services.leave.notify_one();
            Answer::Done { rows: 0 }
        }
        Err(error) => Answer::Failed(format!("no such request: {error}")),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    out.write_all(&line)
}

fn rebuilding(status: Result<SearchStatus, StoreError>) -> Answer {
    status.map_or_else(|error| Answer::Failed(error.to_string()), Answer::SearchRebuilding)
}

async fn cluster(services: &Services) -> Answer {
    let Some(cluster) = &services.cluster else {
        return Answer::Failed("this process is on its own: bus is not set".to_owned());
    };
    match status::read(&services.core, cluster, &services.store.port()).await {
        Ok(status) => Answer::Cluster(status),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

async fn hand_over(services: &Services, shard: u64, to: Option<&str>) -> Answer {
    let Some(cluster) = &services.cluster else {
        return Answer::Failed("this process is on its own: bus is not set".to_owned());
    };
    let Some(shard) = Shard::new(shard) else {
        return Answer::Failed(format!("shards are numbered from 0 to {}", SHARDS - 1));
    };
    let status = match status::read(&services.core, cluster, &services.store.port()).await {
        Ok(status) => status,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    let Some((node, target)) = status.target(to) else {
        let wanted = to.map_or_else(|| "takes shards".to_owned(), |to| format!("is called {to}"));
        return Answer::Failed(format!("no other node that holds its lease {wanted}"));
    };
    let handed = services.core.hand_over(cluster, shard, node).await;
    tracing::info!(shard = shard.get(), to = %node, done = handed.is_ok(), "shard handed over");
    match handed {
        Ok(()) => Answer::HandedOver(target.clone()),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

async fn keys(services: &Services, order: &KeyOrder) -> Answer {
    let done = carry_out(&*services.store.port(), services.clock.now(), order).await;
    if let Some(name) = order.name() {
        // Also when nobody knows whether it was carried out.
        services.keys.forget(name);
        let what = match order {
            KeyOrder::Create { .. } => "made",
            KeyOrder::Rotate { .. } => "rotated",
            KeyOrder::Revoke { .. } | KeyOrder::List => "revoked",
        };
        tracing::info!(key.name = name, done = done.is_ok(), "service key {what}");
    }
    match done {
        Ok(keys) => Answer::Keys(keys),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

fn backup(out: impl Write, services: &Services) -> Answer {
    let mut chunks = BufWriter::with_capacity(MAX_CHUNK, Chunks(out));
    let store = services.store.for_copies();
    let report = store.and_then(|store| Ok(store.backup(&mut chunks, |_| {})?));
    let ended = chunks.flush().and_then(|()| chunks.get_mut().end());
    let whole = match (report, ended) {
        (Ok(report), Ok(())) => Ok(report.rows),
        (Err(error), _) => Err(error.to_string()),
        (_, Err(error)) => Err(error.to_string()),
    };
    tracing::info!(rows = whole.as_ref().ok(), done = whole.is_ok(), "backup");
    outcome(whole)
}

fn failed(error: Error) -> Answer {
    Answer::Failed(error.sentence.to_string())
}

fn outcome(result: Result<u64, impl ToString>) -> Answer {
    match result {
        Ok(rows) => Answer::Done { rows },
        Err(error) => Answer::Failed(error.to_string().chars().take(1_000).collect()),
    }
}

/// Writes each piece with its length before it.
struct Chunks<W>(W);

impl<W: Write> Chunks<W> {
    fn end(&mut self) -> io::Result<()> {
        self.0.write_all(&[0; 4])
    }
}

impl<W: Write> Write for Chunks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = &bytes[..bytes.len().min(MAX_CHUNK)];
        if !part.is_empty() {
            self.0.write_all(&(part.len() as u32).to_be_bytes())?;
            self.0.write_all(part)?;
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
