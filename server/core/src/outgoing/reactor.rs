//! The endpoints as a reactor: nothing that a hint missed is forgotten.

use std::sync::Arc;

use super::line::Line;
use crate::{
    reactors::{Reaction, Reactor},
    room::RoomCell,
};

/// By which its cursors are stored.
pub(crate) const NAME: &str = "outgoing";

/// Parks rooms of which an endpoint was not told all. It waits for no endpoint.
pub(super) struct Follower(pub(super) Vec<Arc<Line>>);

impl Reactor for Follower {
    fn name(&self) -> &'static str {
        NAME
    }

    fn react<'a>(&'a self, room: &'a Arc<RoomCell>) -> Reaction<'a> {
        Box::pin(async move {
            for line in &self.0 {
                line.follow(room).await?;
            }
            Ok(())
        })
    }
}
