//! A room and its one owner.
//!
//! [`Rooms`] holds the rooms in memory. Commands that change a room wait in its queue; one driver at
//! a time takes them, steps them through the features ([`crate::features`]), appends what they made
//! in one durable write, and only then applies, publishes and answers. A room that nobody commands
//! has no task.

mod append;
mod attendance;
mod ballots;
mod buckets;
mod cards;
mod cell;
mod changes;
mod command;
mod creation;
mod entries;
mod evict;
mod idle;
mod invites;
mod keeping;
mod load;
mod markers;
mod membership;
mod mentions;
mod newcomers;
mod owner;
mod pins;
mod plan;
mod publish;
mod read;
mod ready;
mod recent;
mod refused;
mod release;
mod resend;
mod ring;
mod rooms;
mod seeding;
mod steps;
mod strangers;
mod takeover;
mod threads;
mod updates;
mod waking;
mod work;
mod writing;

pub use self::{
    ballots::choices_of,
    cell::RoomCell,
    changes::revisions,
    command::{
        Change, Done, RoomCommand, StepContext, client_id_kept, message_deleted, no_such_message,
    },
    markers::{MarkerState, Moved},
    plan::RoomPlan,
    read::{read_at, read_back, read_forward},
    resend::in_window,
    rooms::Rooms,
    seeding::write_room,
};
pub(crate) use self::{
    recent::{RECENT, Sent},
    refused::REFUSED,
    rooms::Needs,
};
