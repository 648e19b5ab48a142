//! The endpoints as a reactor: nothing that a hint missed is forgotten.

use std::sync::Arc;

use super::workers::Workers;
use crate::{
    reactors::{Reaction, Reactor},
    room::RoomCell,
};

/// By which its cursors are stored.
pub(crate) const NAME: &str = "outgoing";

/// Schedules retries for rooms of which an endpoint was not told all. It waits for no endpoint.
pub(super) struct RetryReactor(pub(super) Arc<Workers>);

impl Reactor for RetryReactor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn react<'a>(&'a self, room: &'a Arc<RoomCell>) -> Reaction<'a> {
        Box::pin(async move {
            for running in self.0.all().iter() {
                running.worker.follow(room).await?;
            }
            Ok(())
        })
    }
}
