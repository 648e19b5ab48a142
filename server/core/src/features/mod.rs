//! One file for each capability: its handler, its guard, its pure step.
//!
//! A *step* is pure: room state and command in, entries out ([`crate::room::Change`]). A *handler*
//! belongs to a session's command: it prepares what a step may not do (reading, finding people) and
//! makes the reply. Features never send and never store by themselves, and do not import each other.
//! To add a command: declare it in `caffis-schema`, write its file here, and add its line to
//! [`crate::dispatch`].

pub mod between;
pub mod connections;
pub mod context;
pub mod create;
pub mod delete;
pub mod drafts;
pub mod edit;
pub mod forward;
pub mod hide;
pub mod history;
pub mod import;
pub mod info;
pub mod invites;
pub mod marked;
pub mod markers;
pub mod members;
pub(crate) mod mirror;
pub mod open;
pub mod pin;
pub mod placement;
pub mod poll;
pub mod preferences;
pub mod presence;
pub mod previews;
pub mod profiles;
pub mod react;
pub mod report;
pub mod resume;
pub mod room_list;
pub mod schedule;
pub mod search;
pub mod send;
pub mod settings;
pub mod signals;
pub mod star;
pub mod threads;
pub mod topics;
