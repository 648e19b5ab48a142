//! Caffis Chat's server: what stands between core and the world.
//!
//! `main` runs the command line ([`cli`]), which loads the configuration ([`config`]) and runs a
//! subcommand: [`serve`], one of [`commands`], or [`chat`].
//!
//! - [`config`]: every setting as file key, environment variable and flag.
//! - [`serve`]: the server from the open store to the last farewell.
//! - [`http`]: the web app, the WebSocket upgrade, the REST API, discovery, health.
//! - `arrivals`: a link from its arrival to its farewell.
//! - [`tokens`]: who a token speaks for. [`service_keys`]: which service a key speaks for.
//! - [`control`]: how the command line speaks to a running server.
//! - [`storage`]: the store in the data folder, or one that nodes share.
//! - [`meters`]: what is counted, for `http::metrics` to tell.
//! - [`webhooks`]: sends webhooks to the endpoints of other services.
//! - [`demo`]: the people and rooms of a development server.
//! - [`relay`]: users from PostgreSQL.
//! - [`system`]: the machine's clock and randomness. [`logs`]: where logs go. `traces`: where traces go.
//! - [`chat`]: a terminal chat on the client library.

mod arrivals;
pub mod chat;
pub mod cli;
pub mod commands;
pub mod config;
pub mod control;
pub mod demo;
pub mod http;
pub mod logs;
pub mod meters;
pub mod relay;
pub mod serve;
pub mod service_keys;
pub mod storage;
pub mod system;
pub mod tokens;
mod traces;
pub mod webhooks;
