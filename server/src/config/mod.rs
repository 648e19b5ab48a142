//! The configuration: every setting as a key of the file, an environment variable and a flag.
//!
//! [`registry`] declares each setting once; reading, `--help`, `caffis-chat config` and the errors
//! all come from there. A flag beats the environment, which beats the file, which beats the default.
//! A bad value stops the start.

mod check;
mod endpoints;
mod error;
mod explain;
mod field;
mod hooks;
mod load;
mod model;
mod network;
mod registry;
mod relay;
mod setting;
mod shared;
mod valid;
mod values;

pub use endpoints::{HookEndpoint, endpoint_url};
pub use error::ConfigError;
pub use explain::explain;
pub use field::Field;
pub use hooks::{HookSource, is_webhook_secret, new_webhook_secret};
pub use load::{Sources, load, unknown_variables};
pub use model::{
    AcmeSettings, ClusterSettings, Config, DEFAULT_PORT, DEVELOPMENT_SECRET, HookOutSettings,
    HookSettings, LogFormat, RelaySettings, Secret, StoreSettings, TokenSettings,
};
pub use network::Network;
pub use registry::settings;
pub use setting::{Group, Setting};
pub use shared::{Copies, SharedStore};
pub use valid::may_be_asked_for_keys;
pub use values::parse_time;
