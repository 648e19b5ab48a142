//! Messages in short, wherever they are in a room's log: what the quotes of a page show.
//!
//! A message names the one that it answers by its position alone, so a page costs the server nothing for the
//! quotes in it, however often the messages change that they show. A client that does not have them asks
//! for all of a page at once.

use caffis_schema::{List, Reply, command::Previews, reply::PreviewList};

use crate::{
    call::{Call, Handled},
    previews,
};

/// The messages that are there and that the caller sees. What memory does not have is one read of the store.
///
/// # Errors
/// Who may not know of the room, and what the store says.
pub async fn handle(call: Call, command: Previews) -> Handled {
    let found = previews::here(&call, &command).await?;
    Ok(Reply::Previews(PreviewList { previews: List::cut(found) }))
}
