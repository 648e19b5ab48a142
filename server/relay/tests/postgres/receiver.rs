//! A small receiver: checks signatures with the library of Standard Webhooks, and keeps the users.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex, Once},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};

/// What both sides sign with.
pub(crate) const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const PATH: &str = "/api/chat/hooks/users";

/// What the receiver says to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    /// It keeps it.
    Yes,
    /// It keeps it, and takes its time.
    Slowly(Duration),
    /// Only a status.
    Status(u16),
    /// A status, and when to come back, in seconds.
    Later(u16, u64),
    /// Nothing, ever.
    Hang,
    /// It is somewhere else.
    Elsewhere,
}

/// What it has of one user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub(crate) version: i64,
    /// None: deleted.
    pub(crate) data: Option<Value>,
    pub(crate) at: Instant,
}

/// Everything that it has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) users: BTreeMap<String, Kept>,
    /// Events with a good signature.
    pub(crate) events: u64,
    /// Ids of webhooks, with what came under them.
    pub(crate) ids: BTreeMap<String, (String, i64)>,
    /// What must not happen.
    pub(crate) faults: Vec<String>,
    flying: BTreeSet<String>,
}

type Answer = Box<dyn Fn(&Value) -> Say + Send>;

struct Shared {
    webhook: Webhook,
    seen: Mutex<Seen>,
    answer: Mutex<Answer>,
}

/// Stopped by Drop.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let shared = Arc::new(Shared {
            webhook: Webhook::new(SECRET).unwrap(),
            seen: Mutex::default(),
            answer: Mutex::new(Box::new(|_| Say::Yes)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route(PATH, post(receive)).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// From now on it says this.
    pub(crate) fn says(&self, answer: impl Fn(&Value) -> Say + Send + 'static) {
        *self.shared.answer.lock().unwrap() = Box::new(answer);
    }

    pub(crate) fn look<T>(&self, at: impl FnOnce(&Seen) -> T) -> T {
        at(&self.shared.seen.lock().unwrap())
    }

    /// The users that it has, with a field of each.
    pub(crate) fn users(&self, field: &str) -> BTreeMap<String, String> {
        self.look(|seen| {
            let there = seen.users.iter().filter_map(|(id, kept)| Some((id, kept.data.as_ref()?)));
            there
                .map(|(id, data)| (id.clone(), data[field].as_str().unwrap_or("").to_owned()))
                .collect()
        })
    }

    pub(crate) fn events(&self) -> u64 {
        self.look(|seen| seen.events)
    }

    /// Nothing happened that must not.
    pub(crate) fn is_content(&self) {
        self.look(|seen| assert_eq!(seen.faults, Vec::<String>::new()));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An event that is being received; over also when its sender goes away.
struct Flight(Arc<Shared>, String);

impl Drop for Flight {
    fn drop(&mut self) {
        if let Ok(mut seen) = self.0.seen.lock() {
            seen.flying.remove(&self.1);
        }
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if shared.webhook.verify(&body, &headers).is_err() {
        return (StatusCode::UNAUTHORIZED, "the signature is wrong").into_response();
    }
    let event: Value = serde_json::from_slice(&body).unwrap();
    let id = event["data"]["id"].as_str().unwrap().to_owned();
    let version = event["data"]["version"].as_i64().unwrap();
    let flight = {
        let mut seen = shared.seen.lock().unwrap();
        seen.events += 1;
        if !seen.flying.insert(id.clone()) {
            seen.faults.push(format!("two events of {id} at once"));
        }
        let webhook = headers["webhook-id"].to_str().unwrap().to_owned();
        let first = seen.ids.entry(webhook).or_insert((id.clone(), version)).clone();
        if first != (id.clone(), version) {
            seen.faults.push(format!("one id for {first:?} and {id} {version}"));
        }
        Flight(Arc::clone(&shared), id.clone())
    };
    let say = (shared.answer.lock().unwrap())(&event);
    match say {
        Say::Yes => {}
        Say::Slowly(time) => sleep(time).await,
        Say::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            return (status, "the receiver's\nreason").into_response();
        }
        Say::Later(status, seconds) => {
            let status = StatusCode::from_u16(status).unwrap();
            return (status, [(RETRY_AFTER, seconds.to_string())], "later").into_response();
        }
        Say::Hang => pending::<()>().await,
        Say::Elsewhere => {
            return (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response();
        }
    }
    keep(&shared, &event, id, version);
    drop(flight);
    StatusCode::NO_CONTENT.into_response()
}

/// What the real one does with a user: a larger version counts, and an equal one has to be the same.
fn keep(shared: &Shared, event: &Value, id: String, version: i64) {
    let data = match event["type"].as_str().unwrap() {
        "user.upserted" => Some(event["data"].clone()),
        "user.deleted" => None,
        other => panic!("an event of type {other}"),
    };
    let mut seen = shared.seen.lock().unwrap();
    let before = seen.users.get(&id).cloned();
    match before {
        Some(before) if before.version == version => {
            if before.data != data {
                seen.faults.push(format!("{id} {version} differs: {:?} {data:?}", before.data));
            }
        }
        Some(before) if before.version > version => {}
        _ => {
            seen.users.insert(id, Kept { version, data, at: Instant::now() });
        }
    }
}
