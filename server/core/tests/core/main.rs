//! Core as a whole: real sessions over memory links, a store in memory that misbehaves when told to,
//! clocks that stand still. Nothing here waits in real time.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and start what a server would"
)]

/// Nodes that serve each world.
const NODES: usize = 1;

mod attendance;
mod buckets;
mod cancels;
mod client;
mod cluster;
mod contexts;
mod creation;
mod crowd;
mod dead_letters;
mod deletes;
mod directory;
mod drafts;
mod edits;
mod failures;
mod followed_threads;
mod forwards;
mod harness;
mod hello;
mod hides;
mod history;
mod imports;
mod index;
mod info;
mod inquiries;
mod invites;
mod late_schedules;
mod limits;
mod live_locations;
mod made_endpoints;
mod markers;
mod members;
mod mentions;
mod mirror;
mod outgoing;
mod outsiders;
mod permissions;
mod person;
mod pins;
mod placements;
mod polls;
mod presence;
mod reactions;
mod reactors;
mod receiver;
mod recovery;
mod relationships;
mod removal;
mod replies;
mod reports;
mod resend;
mod resume;
mod roles;
mod schedules;
mod search;
mod search_filters;
mod send;
mod services;
mod slow;
mod stars;
mod threads;
mod topics;
mod unreadable;
mod writes;
mod writing;
