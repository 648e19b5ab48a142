//! What follows the log: work that is done for durable entries, after they were told.
//!
//! A [`Reactor`] is never in the way of those who send. It hears of each room that was active, from the
//! room's owner, a minute or two later, and at least once: after a crash, a handover or a failure the
//! owner of the time goes on at the cursors that the last one left ([`crate::activity`]). A reactor asks
//! the room itself what happened, so hearing of it twice does no harm.
//!
//! What it costs: for each reactor one scan of each shard in a minute, and one write for each shard that
//! had something to handle.
//!
//! To add one, write its file, and list it in [`all`]. The process that runs core may bring further ones
//! ([`crate::Ports::reactors`]). A reactor follows what comes after it was first started on a store.

mod heads;
mod walker;

use std::{future::Future, pin::Pin, sync::Arc};

use caffis_schema::Error;

pub(crate) use self::walker::{Walker, keep_walking};
use crate::room::{RoomCell, Rooms};

/// A reactor's answer, to come.
pub type Reaction<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Something that follows durable entries.
pub trait Reactor: Send + Sync + 'static {
    /// Its name, by which its cursors are stored.
    fn name(&self) -> &'static str;

    /// Handles a room that was active. What the room's state says is durable, and everything that was
    /// told up to now is part of it.
    ///
    /// An error has it tried again in a minute; meanwhile other rooms are handled.
    fn react<'a>(&'a self, room: &'a Arc<RoomCell>) -> Reaction<'a>;
}

/// A reactor that is shared by those who use it.
pub type SharedReactor = Arc<dyn Reactor>;

/// All reactors: core's own, and further ones.
pub(crate) fn all(rooms: &Arc<Rooms>, further: Vec<SharedReactor>) -> Vec<SharedReactor> {
    let mut reactors: Vec<SharedReactor> = vec![Arc::new(heads::Heads(rooms.clone()))];
    reactors.extend(further);
    reactors
}

/// By which the cursors of all reactors are stored.
pub(crate) fn names(further: &[SharedReactor]) -> Vec<&'static str> {
    [heads::NAME].into_iter().chain(further.iter().map(|reactor| reactor.name())).collect()
}
