//! A service that is told by webhook.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{net::TcpListener, sync::Notify};

/// The secret that it shares with the chat.
pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[derive(Default)]
struct Book {
    /// What it has taken.
    events: Vec<Value>,
    /// The ids of all attempts.
    ids: Vec<String>,
    unsigned: usize,
    /// The secret that it shares with the chat now, instead of the first one.
    secret: Option<String>,
    status: Option<u16>,
    redirect: Option<String>,
}

#[derive(Clone, Default)]
struct Shared(Arc<(Mutex<Book>, Notify)>);

pub(super) struct Receiver {
    place: SocketAddr,
    shared: Shared,
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let (book, noted) = &*shared.0;
    let mut book = book.lock().unwrap();
    let secret = book.secret.as_deref().unwrap_or(SECRET);
    let signed = Webhook::new(secret).unwrap().verify(&body, &headers).is_ok();
    book.unsigned += usize::from(!signed);
    book.ids.push(headers["webhook-id"].to_str().unwrap().to_owned());
    noted.notify_waiters();
    if let Some(to) = &book.redirect {
        return (StatusCode::PERMANENT_REDIRECT, [(LOCATION, to.clone())]).into_response();
    }
    let status = book.status.unwrap_or(204);
    if status < 300 {
        book.events.push(serde_json::from_slice(&body).unwrap());
    }
    StatusCode::from_u16(status).unwrap().into_response()
}

impl Receiver {
    pub(super) async fn start(address: &str) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let place = listener.local_addr().unwrap();
        let shared = Shared::default();
        let app = Router::new().fallback(post(take)).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { place, shared }
    }

    fn book<T>(&self, read: impl FnOnce(&mut Book) -> T) -> T {
        read(&mut self.shared.0.0.lock().unwrap())
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.place)
    }

    pub(super) fn port(&self) -> u16 {
        self.place.port()
    }

    /// From now on it checks with another secret.
    pub(super) fn knows(&self, secret: &str) {
        self.book(|book| book.secret = Some(secret.to_owned()));
    }

    /// From now on it answers with a status.
    pub(super) fn answer(&self, status: u16) {
        self.book(|book| book.status = Some(status));
    }

    /// From now on it sends everybody elsewhere.
    pub(super) fn redirect(&self, to: &str) {
        self.book(|book| book.redirect = Some(to.to_owned()));
    }

    pub(super) fn events(&self) -> Vec<Value> {
        self.book(|book| book.events.clone())
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.book(|book| book.ids.clone())
    }

    /// How many attempts were not signed as they should be.
    pub(super) fn unsigned(&self) -> usize {
        self.book(|book| book.unsigned)
    }

    /// Until what it has taken is enough.
    pub(super) async fn until(&self, enough: impl Fn(&[Value]) -> bool) {
        self.wait(|book| enough(&book.events)).await;
    }

    /// Until there was an attempt with this id.
    pub(super) async fn until_tried(&self, id: &str) {
        self.wait(|book| book.ids.iter().any(|tried| tried == id)).await;
    }

    async fn wait(&self, enough: impl Fn(&Book) -> bool) {
        loop {
            let noted = self.shared.0.1.notified();
            tokio::pin!(noted);
            // Whatever happens after the look wakes it.
            noted.as_mut().enable();
            if self.book(|book| enough(book)) {
                return;
            }
            noted.await;
        }
    }
}
