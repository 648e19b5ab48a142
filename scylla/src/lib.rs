//! The store port on CQL servers: ScyllaDB, and Apache Cassandra 5. For clusters.
//!
//! Tables, columns and statements follow from core's table declarations: each column has its name and
//! type there, so that a person can read a row in `cqlsh`. Every statement is prepared once and sent
//! to a replica of its partition. Reads and writes use LOCAL_QUORUM, conditional writes LOCAL_SERIAL.
//!
//! A batch for one partition is one mutation. A batch that its caller repairs is one mutation for each
//! partition, side by side. Only [`Atomicity::Logged`] goes through the batch log. All operations of a
//! batch carry its stamp as their timestamp, so all of them may be sent twice.
//!
//! `statement` has the texts, `slices` turns bounds into conditions, `values` and `answer` convert what
//! is bound and what comes back, `prepared` keeps the statements, `client` reads, `turns` orders conditional writes, `session` holds the settings of the
//! driver, `failure` says what an error means, `durability` what the servers could lose, `schema` is the tables with their options, `existing`,
//! `lease` and `migrate` make them, and `store` puts it together.
//!
//! [`Atomicity::Logged`]: caffis_core::ports::store::Atomicity::Logged

mod answer;
mod client;
mod conditional;
mod durability;
mod existing;
mod failure;
mod lease;
mod migrate;
mod options;
mod prepared;
pub mod schema;
mod session;
mod slices;
mod statement;
mod store;
mod tls;
mod turns;
mod values;
mod write;

pub use self::{
    durability::{Loss, Risk, risks},
    migrate::{MigrateError, Plan, Schema, migrate, plan},
    options::{ConnectError, Credentials, Options, Replication},
    store::ScyllaStore,
    tls::{Identity, Tls, TlsError},
};
