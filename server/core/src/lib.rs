//! The chat itself: features and rules, without sockets, wall clock or randomness of its own.
//!
//! [`Core`] is the whole: give it a store, a clock, randomness and someone who checks tokens
//! ([`Ports`]), then hand it links. Inside, `session` runs one loop for each link and hands commands
//! to `features`; `room` owns the logs; `hub` knows who is connected and what waits for whom;
//! `reactors` do what follows from the logs; `model` has the rules as plain values; `tables` declares
//! what is stored; `ports` are the traits that adapters implement. ARCHITECTURE.md follows a message through all of it.

mod activity;
pub mod admission;
mod answers;
pub mod call;
pub mod cluster;
mod core;
pub mod directory;
mod dispatch;
mod due;
pub mod durations;
mod errors;
pub mod features;
mod flags;
mod herd;
mod hints;
mod hooks;
pub mod hub;
mod imports;
mod inquiries;
mod memberships;
pub mod model;
mod moderation;
mod newest;
mod node;
pub mod occupancy;
pub mod outgoing;
pub mod pages;
mod peers;
mod placements;
pub mod ports;
mod posts;
mod previews;
mod quota;
pub mod reactors;
mod reads;
mod receipts;
mod refusals;
mod relations;
mod reports;
pub mod room;
mod scheduled;
pub mod search;
pub mod seed;
pub mod services;
mod serving;
pub mod session;
pub mod settings;
pub mod statistics;
mod sync;
pub mod tables;
mod threads;
mod topics;
pub mod traces;
mod turns;
mod untold;
mod webhooks;

pub use self::{
    admission::Admission,
    core::{Core, Peers, Ports},
    inquiries::Inquirer,
    node::{HandOverError, Joining},
    settings::Settings,
    statistics::{Admitted, Statistics},
};
