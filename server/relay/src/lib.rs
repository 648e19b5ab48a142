//! Mirrors the users of a main application's PostgreSQL to the chat: `caffis-chat pg-relay`.
//!
//! Triggers write every change of a user into an outbox, in the transaction of the change. Relays take what is
//! there, keep one row for each user with what the receiver has acknowledged, and post what is newer as signed
//! webhooks. PostgreSQL keeps everything that must survive: a relay may be killed at any point.
//!
//! - [`Settings`], [`Map`]: where everything is, and which columns of which table hold what.
//! - `sql`: the statements, as text with placeholders; `names` fills those in.
//! - `connect`: sessions with PostgreSQL. `installed`: what is installed, and whether it still fits the table.
//! - [`install`], [`uninstall`]: the outbox, its triggers and the relay's role.
//! - `queue`: what waits, what is being sent, and how it ended. `fill`: the users of before the installation.
//! - `event`, `send`: one event as a webhook, and what the answer means. `senders`: many at once. `pace`: waits
//!   between attempts.
//! - [`run`]: the relay. [`resync`]: differences, range by range. [`status`]: how far everything is.
//!
//! A version is a number of a sequence that steps by [`STEP`] and begins at the clock, so versions of a
//! user only grow, also when the user is deleted and comes back, and when everything is installed anew. The
//! numbers between two steps are for `resync`: see `sql/resync.sql`.

mod connect;
mod error;
mod event;
mod fill;
mod inspect;
mod install;
mod installed;
mod names;
mod pace;
mod queue;
mod resync;
mod run;
mod send;
mod senders;
mod settings;
mod status;

pub use error::RelayError;
pub use install::{Installed, Role, install, script, uninstall, uninstall_script};
pub use names::STEP;
pub use resync::{Resync, ResyncReport, resync};
pub use run::run;
pub use send::retry_after;
pub use settings::{
    DatabaseSettings, EndpointSettings, Limits, Map, Settings, is_database, is_endpoint, is_name,
    is_secret,
};
pub use status::{DeadRow, Status, status};
