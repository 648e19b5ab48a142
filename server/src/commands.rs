//! The subcommands that are done in a moment.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use caffis_core::{
    model::caller::Rights,
    ports::{
        clock::{Clock, SharedClock},
        stamps::Stamps,
        store::{Batch, Store, StoreError},
    },
    seed::{Plan, fill},
    tables::RevocationRow,
};
use caffis_embedded::EmbeddedStore;
use caffis_schema::{Timestamp, UserId, hooks::values::Moment};

use crate::{
    config::Config,
    control::{
        Answer, Connection, ControlError, DeadLetterTable, EndpointTable, Inspected, RedriveResult,
        Request,
    },
    demo,
    service_keys::{KeyInfo, KeyOrder, NewKey, carry_out},
    storage::{embedded, migrate_shared, only_embedded},
    system::{SystemClock, SystemEntropy},
    tokens::{Grant, mint},
};

/// The longest time that an old key may still be good.
const MAX_GRACE: Duration = Duration::from_secs(30 * 86_400);

/// The longest lifetime of a token that we make.
const MAX_TTL: Duration = Duration::from_secs(3_650 * 86_400);

/// Writes a text to standard output; a reader that went away is no error.
///
/// # Errors
/// Any other error of writing.
pub fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// `caffis-chat token`: prints a token.
///
/// # Errors
/// There is no secret to sign with.
pub fn token(
    config: &Config,
    user: UserId,
    name: Option<String>,
    lifetime: Duration,
    service: Option<Rights>,
) -> anyhow::Result<()> {
    let secret = config.token_secret().context(
        "there is no secret to sign with: set token_secret, or use --dev for a development server",
    )?;
    if lifetime > MAX_TTL {
        bail!("--ttl is too long");
    }
    let grant = Grant {
        name: name.or_else(|| config.dev.then(|| demo::name_of(&user).to_owned())),
        user,
        issued: SystemClock.now(),
        lifetime,
        service,
        issuer: config.tokens.issuers.first().cloned(),
        audience: config.tokens.audiences.first().cloned(),
    };
    let token = mint(secret, &grant).context("the token cannot be signed")?;
    print(&format!("{token}\n"))
}

/// `caffis-chat revoke`: through the running server, or in the store of one that does not run.
///
/// # Errors
/// What the server or the store says.
pub async fn revoke(config: Config, user: UserId, before: Option<Timestamp>) -> anyhow::Result<()> {
    let before = before.unwrap_or_else(|| SystemClock.now());
    if let Some(server) = Connection::open(&config.data) {
        server.ask(&Request::Revoke { user: user.clone(), before })?;
    } else if config.store.address.is_some() {
        bail!("no server runs with {}: give the command where a node runs", config.data.display());
    } else {
        let store = existing_store(&config).await?;
        let stamps = Stamps::unlimited(Arc::new(SystemClock));
        let mut batch = Batch::partition(stamps.next().map_err(StoreError::from)?);
        batch.put(&RevocationRow { user: user.clone(), before });
        store.write(batch).await?;
    }
    print(&format!("tokens of {user} from before {before} are refused\n"))
}

/// `caffis-chat keys create`: prints a new key, once.
///
/// # Errors
/// What the server or the store says.
pub async fn create_key(
    config: Config,
    name: String,
    rights: Vec<String>,
    lifetime: Option<Duration>,
) -> anyhow::Result<()> {
    let key = NewKey::make(&name, &SystemEntropy::default());
    let expires = lifetime.map(|lifetime| after(SystemClock.now(), lifetime));
    let digest = key.digest.to_vec();
    order_key(&config, KeyOrder::Create { name, rights, digest, expires }).await?;
    print(&format!("{}\n", key.text))
}

/// `caffis-chat keys rotate`: prints the new key, once; the old one is good for a while.
///
/// # Errors
/// What the server or the store says.
pub async fn rotate_key(config: Config, name: String, grace: Duration) -> anyhow::Result<()> {
    if grace > MAX_GRACE {
        bail!("--grace is at most 30d");
    }
    let key = NewKey::make(&name, &SystemEntropy::default());
    let grace_ms = u64::try_from(grace.as_millis())?;
    let digest = key.digest.to_vec();
    order_key(&config, KeyOrder::Rotate { name, digest, grace_ms }).await?;
    print(&format!("{}\n", key.text))
}

/// `caffis-chat keys revoke`: ends a key.
///
/// # Errors
/// What the server or the store says.
pub async fn revoke_key(config: Config, name: String) -> anyhow::Result<()> {
    order_key(&config, KeyOrder::Revoke { name: name.clone() }).await?;
    print(&format!("{name} is refused from now on, within seconds on every node\n"))
}

/// `caffis-chat keys list`.
///
/// # Errors
/// What the server or the store says.
pub async fn list_keys(config: Config) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let mut text = String::new();
    for key in order_key(&config, KeyOrder::List).await? {
        let time = |time: Option<Timestamp>| time.map_or_else(|| "never".to_owned(), shown);
        let state = match (key.revoked, key.expires, key.former_until) {
            (Some(revoked), ..) => format!("revoked {}", shown(revoked)),
            (_, Some(expires), _) if expires <= now => format!("expired {}", shown(expires)),
            (_, _, Some(until)) if until > now => {
                format!("rotated, old one until {}", shown(until))
            }
            _ => "good".to_owned(),
        };
        text.push_str(&format!(
            "{}\n  scopes {}\n  made {}, used {}, expires {}\n  {state}\n",
            key.name,
            key.rights.replace(' ', ","),
            shown(key.created),
            time(key.used),
            time(key.expires),
        ));
    }
    print(if text.is_empty() { "there are no keys\n" } else { &text })
}

/// Gives an order to the running server, or carries it out in the store of one that does not run.
async fn order_key(config: &Config, order: KeyOrder) -> anyhow::Result<Vec<KeyInfo>> {
    if let Some(server) = Connection::open(&config.data) {
        return Ok(server.keys(order)?);
    }
    if config.store.address.is_some() {
        bail!("no server runs with {}: give the command where a node runs", config.data.display());
    }
    let store = existing_store(config).await?;
    Ok(carry_out(store.as_ref(), SystemClock.now(), &order).await?)
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    now + u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A time for people.
fn shown(time: Timestamp) -> String {
    match serde_json::to_value(Moment(time)) {
        Ok(serde_json::Value::String(text)) => text,
        _ => time.to_string(),
    }
}

/// `caffis-chat migrate`: the statements that are given to the servers of a shared store, or would be.
///
/// # Errors
/// There is no shared store, or it cannot be brought to this version.
pub async fn migrate(config: Config, only_plan: bool) -> anyhow::Result<()> {
    print(&migrate_shared(&config, only_plan).await?)
}

/// `caffis-chat backup`: everything that is stored, in one file that appears only when it is whole.
///
/// # Errors
/// The file exists or cannot be written, or the store cannot be read.
pub async fn backup(config: Config, out: PathBuf) -> anyhow::Result<()> {
    if out.exists() {
        bail!("{} already exists", out.display());
    }
    let partial = partial(&out);
    let report = write_backup(&config, &partial).await;
    let written = report.and_then(|rows| {
        fs::rename(&partial, &out)?;
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(rows)
    });
    match written {
        Ok(rows) => print(&format!("{rows} rows written to {}\n", out.display())),
        Err(error) => {
            // It may not have been made.
            let _ = fs::remove_file(&partial);
            Err(error.context(format!("no backup was written to {}", out.display())))
        }
    }
}

async fn write_backup(config: &Config, partial: &Path) -> anyhow::Result<u64> {
    let server = Connection::open(&config.data);
    let store = match server {
        Some(_) => None,
        None => Some(existing_store(config).await?),
    };
    let options = OpenOptions::new().create_new(true).write(true).mode(0o600).open(partial);
    let file = options.with_context(|| format!("{} cannot be made", partial.display()))?;
    let copy = move || -> anyhow::Result<u64> {
        let mut out = BufWriter::new(file);
        let rows = match (server, store) {
            (Some(server), _) => server.backup(&mut out)?,
            (None, Some(store)) => store.backup(&mut out, |_| {})?.rows,
            (None, None) => bail!("there is no store"),
        };
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(rows)
    };
    tokio::task::spawn_blocking(copy).await?
}

fn partial(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(format!(".partial-{}", std::process::id()));
    out.with_file_name(name)
}

/// `caffis-chat restore`: makes the store of a backup.
///
/// # Errors
/// There is a store already, or the backup is not whole.
pub fn restore(config: &Config, input: &Path) -> anyhow::Result<()> {
    let file = File::open(input).with_context(|| format!("{} cannot be read", input.display()))?;
    only_embedded(config)?;
    let folder = config.store_folder();
    let clock: SharedClock = Arc::new(SystemClock);
    let report = caffis_embedded::restore(BufReader::new(file), &folder, clock)?;
    print(&format!("{} rows restored to {}\n", report.rows, folder.display()))
}

/// `caffis-chat seed`: fills a development store.
///
/// # Errors
/// What the store says.
pub async fn seed(config: Config, rooms: u64, messages: u64, seed: u64) -> anyhow::Result<()> {
    if !config.dev {
        bail!("seed fills a store with made-up people: add --dev if you want that");
    }
    if rooms == 0 {
        bail!("--rooms must be at least 1");
    }
    only_embedded(&config)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let store = embedded(&config, &clock).await?;
    let plan = Plan { people: demo::profiles(), rooms, messages, seed, now: clock.now() };
    fill(store.as_ref(), &Stamps::unlimited(clock), &plan).await?;
    print(&format!("{rooms} rooms with {messages} messages\n"))
}

/// `caffis-chat health`: whether the server that runs here answers.
///
/// # Errors
/// No server runs here, or it does not answer.
pub fn health(config: &Config) -> anyhow::Result<()> {
    running(config)?.ask(&Request::Health)?;
    print("ok\n")
}

/// `caffis-chat cluster`: the nodes, as the running server sees them.
///
/// # Errors
/// No server runs here, or it is on its own.
pub fn cluster_status(config: &Config) -> anyhow::Result<()> {
    print(&running(config)?.cluster()?.to_string())
}

/// `caffis-chat cluster leave`: the running server hands its rooms over, drains and ends.
///
/// # Errors
/// No server runs here.
pub fn cluster_leave(config: &Config) -> anyhow::Result<()> {
    running(config)?.ask(&Request::Leave)?;
    print("the node hands its rooms over and ends\n")
}

/// `caffis-chat cluster hand-over`: the running server hands one shard over.
///
/// # Errors
/// No server runs here, or the shard stays where it is.
pub fn cluster_hand_over(config: &Config, shard: u64, to: Option<String>) -> anyhow::Result<()> {
    let node = running(config)?.hand_over(shard, to)?;
    print(&format!("shard {shard} belongs to {} now: {}\n", node.node, node.name))
}

/// `caffis-chat hooks`: the endpoints of webhooks, of all nodes together.
///
/// # Errors
/// No server runs here.
pub fn hooks_list(config: &Config) -> anyhow::Result<()> {
    match running(config)?.question(&Request::Endpoints)? {
        Answer::Endpoints(states) => print(&EndpointTable(&states).to_string()),
        _ => Err(ControlError::Nonsense.into()),
    }
}

/// `caffis-chat hooks dead`: the webhooks that were given up, of all nodes, oldest first.
///
/// # Errors
/// No server runs here, or the store cannot be read.
pub fn hooks_dead(config: &Config, endpoint: Option<&String>) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    loop {
        let first = after.is_none();
        let request = Request::DeadLetters { endpoint: endpoint.cloned(), after };
        let Answer::DeadLetters(page) = running(config)?.question(&request)? else {
            return Err(ControlError::Nonsense.into());
        };
        print(&DeadLetterTable { page: &page, first }.to_string())?;
        let Some(next) = page.next else { return Ok(()) };
        after = Some(next.to_string());
    }
}

/// `caffis-chat hooks show`: one of them, with the body that it would have now.
///
/// # Errors
/// No server runs here, or there is no such letter.
pub fn hooks_show(config: &Config, id: String) -> anyhow::Result<()> {
    match running(config)?.question(&Request::DeadLetter { id })? {
        Answer::DeadLetter(letter) => print(&Inspected(&letter).to_string()),
        _ => Err(ControlError::Nonsense.into()),
    }
}

/// `caffis-chat hooks redrive`: sends them again, from all nodes, until one is not taken.
///
/// # Errors
/// No server runs here, or one was not taken, or nodes did not answer.
pub fn hooks_redrive(
    config: &Config,
    endpoint: Option<String>,
    id: Option<String>,
) -> anyhow::Result<()> {
    let request = Request::Redrive { endpoint, id };
    loop {
        let Answer::Redriven(done) = running(config)?.question(&request)? else {
            return Err(ControlError::Nonsense.into());
        };
        print(&RedriveResult(&done).to_string())?;
        if !done.failed.is_empty() {
            bail!("a dead letter was not taken");
        }
        if done.silent_shards > 0 {
            bail!("some nodes did not answer");
        }
        // There was more than one request has time for.
        if !done.more {
            return Ok(());
        }
    }
}

/// `caffis-chat search rebuild`: has the search index made again, on all nodes.
///
/// # Errors
/// No server runs here, or the store is not available.
pub fn search_rebuild(config: &Config) -> anyhow::Result<()> {
    match running(config)?.question(&Request::RebuildSearch)? {
        Answer::SearchRebuilding(status) => print(&status.to_string()),
        _ => Err(ControlError::Nonsense.into()),
    }
}

/// `caffis-chat search`: how far that is.
///
/// # Errors
/// No server runs here, or the store cannot be read.
pub fn search_status(config: &Config) -> anyhow::Result<()> {
    match running(config)?.question(&Request::SearchRebuilding)? {
        Answer::SearchRebuilding(status) => print(&status.to_string()),
        _ => Err(ControlError::Nonsense.into()),
    }
}

fn running(config: &Config) -> anyhow::Result<Connection> {
    let running = Connection::open(&config.data);
    running
        .with_context(|| format!("no server runs with the data folder {}", config.data.display()))
}

/// The store of a server that does not run.
async fn existing_store(config: &Config) -> anyhow::Result<Arc<EmbeddedStore>> {
    only_embedded(config)?;
    let folder = config.store_folder();
    if !folder.is_dir() {
        bail!("there is no store in {}", config.data.display());
    }
    let clock: SharedClock = Arc::new(SystemClock);
    embedded(config, &clock).await
}
