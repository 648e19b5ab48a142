//! The bus port on Redis: how the nodes of a cluster talk while they run.
//!
//! Redis only passes messages on. It holds nothing: every topic and every node is a channel, and what is
//! published on a channel is gone once those who listen have it. So there is nothing to back up, nothing
//! to expire, and nothing that a flush could lose.
//!
//! - `options` reads where Redis is; `names` names the channels, `frame` is what travels on them.
//! - `registry` knows who on this node listens to which channel; `queue` is what waits for them.
//! - `exchange` pairs requests with replies; `context` hands what arrives to one or the other.
//! - `connect` opens connections. A `line` keeps those to one server: it subscribes, checks that the server
//!   answers, and connects again. `keeper` knows which lines there are: one, or one for each master of a
//!   Redis Cluster, where channels are sharded.
//! - `bus` is the port.

mod bus;
mod connect;
mod context;
mod exchange;
mod frame;
mod keeper;
mod line;
mod names;
mod options;
mod queue;
mod registry;

pub use self::{
    bus::RedisBus,
    connect::ConnectError,
    options::{MAX_NAME_BYTES, Options, OptionsError},
};
