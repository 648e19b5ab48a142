//! Search: an index of words that follows the rooms, and what it takes to ask it.
//!
//! The follower reads what is new in the logs of the rooms that this node owns and tells the index
//! ([`crate::ports::index`]); nobody who sends waits for it. Three things make it look at a room: a hint right after an
//! append ([`crate::hints`]), the walker of the reactors a minute or two later and after every crash, and a shard
//! that is new here. How far each room was followed is a row of `searched_rooms`, written after the index has
//! what it says; so after a crash the last moment is told again, which changes nothing.
//!
//! What is asked is in `features/search.rs`: the index gives candidates, and each of them is read again with the
//! rights of who asks.

mod days;
mod document;
mod follower;
mod inverted;
mod progress;
mod rebuild;

pub(crate) use self::{
    days::Days,
    document::{has, kind_term, sender_term},
    follower::{Follower, NAME},
    progress::{SearchedPlace, searched},
    rebuild::{order, standing},
};
pub use self::{
    inverted::{BUCKET, Inverted, ROWS, SCANS},
    rebuild::Rebuilding,
};
