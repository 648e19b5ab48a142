//! Two nodes behave as one: the tests of core again, with connections that go to one node and the other
//! in turn, and rooms that belong half to each. Then nodes that own their rooms by leases ([`several`]).

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    dead_code,
    reason = "tests fail by panicking, and start what a server would; what only some of the tests need \
              is there for all of them"
)]

/// Nodes that serve each world.
const NODES: usize = 2;

mod answers;
#[path = "../core/attendance.rs"]
mod attendance;
#[path = "../core/cancels.rs"]
mod cancels;
#[path = "../core/client.rs"]
mod client;
mod concurrent;
#[path = "../core/contexts.rs"]
mod contexts;
mod crashes;
#[path = "../core/creation.rs"]
mod creation;
#[path = "../core/dead_letters.rs"]
mod dead_letters;
#[path = "../core/deletes.rs"]
mod deletes;
mod devices;
#[path = "../core/drafts.rs"]
mod drafts;
#[path = "../core/edits.rs"]
mod edits;
mod endpoints;
#[path = "../core/followed_threads.rs"]
mod followed_threads;
#[path = "../core/forwards.rs"]
mod forwards;
#[path = "../core/harness.rs"]
mod harness;
#[path = "../core/hello.rs"]
mod hello;
#[path = "../core/hides.rs"]
mod hides;
#[path = "../core/history.rs"]
mod history;
#[path = "../core/imports.rs"]
mod imports;
#[path = "../core/inquiries.rs"]
mod inquiries;
#[path = "../core/invites.rs"]
mod invites;
mod large;
#[path = "../core/limits.rs"]
mod limits;
#[path = "../core/made_endpoints.rs"]
mod made_endpoints;
#[path = "../core/markers.rs"]
mod markers;
#[path = "../core/members.rs"]
mod members;
#[path = "../core/mentions.rs"]
mod mentions;
#[path = "../core/mirror.rs"]
mod mirror;
mod missed;
mod moved_imports;
mod moves;
#[path = "../core/outgoing.rs"]
mod outgoing;
#[path = "../core/outsiders.rs"]
mod outsiders;
#[path = "../core/permissions.rs"]
mod permissions;
#[path = "../core/person.rs"]
mod person;
#[path = "../core/pins.rs"]
mod pins;
#[path = "../core/placements.rs"]
mod placements;
#[path = "../core/polls.rs"]
mod polls;
mod posts;
#[path = "../core/presence.rs"]
mod presence;
#[path = "../core/reactions.rs"]
mod reactions;
#[path = "../core/reactors.rs"]
mod reactors;
#[path = "../core/receiver.rs"]
mod receiver;
#[path = "../core/recovery.rs"]
mod recovery;
#[path = "../core/relationships.rs"]
mod relationships;
#[path = "../core/removal.rs"]
mod removal;
#[path = "../core/replies.rs"]
mod replies;
#[path = "../core/reports.rs"]
mod reports;
#[path = "../core/resend.rs"]
mod resend;
#[path = "../core/resume.rs"]
mod resume;
#[path = "../core/roles.rs"]
mod roles;
mod scheduled;
#[path = "../core/schedules.rs"]
mod schedules;
#[path = "../core/search.rs"]
mod search;
mod searches;
#[path = "../core/send.rs"]
mod send;
#[path = "../core/services.rs"]
mod services;
mod settled;
mod several;
#[path = "../core/stars.rs"]
mod stars;
mod thread_counts;
#[path = "../core/threads.rs"]
mod threads;
#[path = "../core/topics.rs"]
mod topics;
mod traces;
mod versions;
mod votes;
mod walk_ins;
#[path = "../core/writing.rs"]
mod writing;
