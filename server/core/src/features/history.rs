//! Reading a room's log: pages, and single messages.

use std::sync::Arc;

use caffis_schema::{
    Command, Error, Reply,
    command::{History, MessageAt},
    limits::PAGE_ENTRIES,
};

use crate::{
    call::{Call, Entered, Handled},
    errors::not_now,
    model::authorise::Read,
    pages::{entry_page, message_at, page_or_place, settled_page},
    peers::{
        Nodes,
        questions::{Answered, Paged, Question},
    },
    ports::bus::NodeId,
};

/// A page of history.
///
/// # Errors
/// Who may not know of the room, positions beyond the head.
pub async fn handle(call: Call, command: History) -> Handled {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let (limit, bytes) = (limit(&command), call.page_bytes());
    let room = (&*cell, &*state);
    entry_page(&call.services, room, &allowed, command.anchor, limit, bytes).await.map(Reply::Page)
}

/// A page of a room that another node owns. What that node has in memory it sends; what it does not is read
/// from the store here, so that scrolling back costs the owner no more than a permission.
///
/// # Errors
/// As [`handle`].
pub(crate) async fn handle_elsewhere(
    call: Call,
    nodes: Arc<Nodes>,
    node: NodeId,
    command: History,
) -> Handled {
    let asker = call.asker(command.room);
    let question = Question::Page(asker.clone(), command.clone());
    let settled = match nodes.ask(node, &question).await? {
        Answered::Page(Ok(Paged::Settled(settled))) => settled,
        Answered::Page(Ok(Paged::Whole(page))) => return Ok(Reply::Page(page)),
        Answered::Page(Err(error)) => return Err(error),
        _ => return Err(not_now()),
    };
    let (room, limit, bytes) = ((command.room, &settled), limit(&command), call.page_bytes());
    match settled_page(&call.services, room, command.anchor, limit, bytes).await? {
        Some(page) => Ok(Reply::Page(page)),
        None => nodes.ask_call(node, asker, Command::History(command)).await,
    }
}

/// The answer to another node, on which the caller is connected.
///
/// # Errors
/// As [`handle`].
pub(crate) async fn answer(call: Call, command: History) -> Result<Paged, Error> {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let (limit, bytes) = (limit(&command), call.page_bytes());
    page_or_place(&call.services, (&*cell, &*state), &allowed, command.anchor, limit, bytes).await
}

fn limit(command: &History) -> usize {
    usize::from(command.limit).clamp(1, PAGE_ENTRIES)
}

/// One message.
///
/// # Errors
/// `not_found` for positions at which there is nothing that the person may see.
pub async fn handle_message(call: Call, command: MessageAt) -> Handled {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let room = (&*cell, &*state);
    let (entry, _) = message_at(&call.services, room, &allowed, command.position).await?;
    Ok(Reply::Entry((*entry).clone()))
}
