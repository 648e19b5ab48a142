//! The REST API: the protocol's commands, and what can be asked about people, for servers and simple clients.
//!
//! An [`Operation`] is a line in the file of what it is about: its address, what it takes and gives, and its
//! handler. From the same lines come the routes and the OpenAPI document (`document`), so neither has
//! what the other lacks. `serve` does what all of them share: who calls (`access`), how often, within what
//! time; `input` reads what came (`lines` what is not held as a whole), `problem` says what is wrong. What is allowed, core decides.

mod access;
mod all;
mod answer;
mod changes;
mod console;
mod contexts;
mod document;
mod drafts;
mod endpoints;
mod entries;
mod errors;
mod imports;
mod input;
mod invites;
mod key;
mod lines;
mod markers;
mod marks;
mod me;
mod members;
mod messages;
mod operation;
mod parameter;
mod people;
mod polls;
mod problem;
mod reports;
mod rooms;
mod scheduled;
mod schema;
mod schemas;
mod search;
mod serve;
mod threads;
mod webhooks;

use std::sync::Arc;

use axum::{
    Router,
    extract::{
        DefaultBodyLimit, Extension, RawPathParams, Request, State,
        rejection::RawPathParamsRejection,
    },
    routing::{MethodRouter, get, on},
};
use caffis_schema::limits::COMMAND_BYTES;
use caffis_transport::tcp::PeerAddr;

use self::{all::operations, operation::Operation};
use super::{app::App, reply::CATALOGUE};

pub(super) use self::imports::PATH as IMPORT_PATH;

/// The names of all calls, in the order in which they are counted.
pub fn calls() -> impl Iterator<Item = &'static str> {
    operations().map(|operation| operation.id)
}

/// The routes.
pub(super) fn router() -> Router<Arc<App>> {
    let mut router = Router::new()
        .route(document::PATH, get(document::serve))
        .route(CATALOGUE, get(errors::serve))
        .route(document::REALTIME_PATH, get(document::serve_realtime))
        .route(schemas::PATH, get(schemas::list_all))
        .route(schemas::ONE, get(schemas::serve))
        .route(console::PATH, get(console::page))
        .route(console::SCRIPT, get(console::script))
        .route(console::STYLE, get(console::style));
    for (place, operation) in operations().enumerate() {
        router = router.route(operation.path, route(place, operation));
    }
    router.layer(DefaultBodyLimit::max(COMMAND_BYTES))
}

fn route(place: usize, operation: &'static Operation) -> MethodRouter<Arc<App>> {
    let handler = move |State(app): State<Arc<App>>,
                        Extension(PeerAddr(peer)): Extension<PeerAddr>,
                        path: Result<RawPathParams, RawPathParamsRejection>,
                        request: Request| {
        serve::serve((place, operation), app, peer.ip(), path, request)
    };
    on(operation.method.filter(), handler)
}
