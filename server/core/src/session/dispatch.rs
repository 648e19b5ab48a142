//! One command to its feature: the only place that knows them all.

use std::{future::Future, pin::Pin, time::Duration};

use caffis_schema::{Command, Error, ErrorCode, Reply, open::Empty};
use tokio::time::timeout;

use crate::{
    features::{
        create, history, markers, members, open, preferences, presence, profiles, resume,
        room_list, send,
    },
    room::{RoomCommand, not_now},
    services::{Asker, Handled},
};

/// An answer, to come.
pub(super) type Answer = Pin<Box<dyn Future<Output = Handled> + Send>>;

/// Starts a command. What goes to a room's owner is in its queue when this returns, so that the
/// commands of a session reach a room in their order.
pub(super) fn dispatch(asker: Asker, command: Command) -> Answer {
    let within = asker.services.settings.store_timeout;
    match command {
        Command::Ping(_) => ready(Ok(Reply::Done(Empty {}))),
        Command::Resume(command) => Box::pin(resume::handle(asker, command)),
        Command::Rooms(command) => in_time(within, room_list::handle(asker, command)),
        Command::EnsureRoom(command) => Box::pin(create::handle_ensure(asker, command)),
        Command::EnsureDirect(command) => Box::pin(create::handle_direct(asker, command)),
        Command::CreateGroup(command) => Box::pin(create::handle_group(asker, command)),
        Command::AddMembers(command) => Box::pin(members::handle_add(asker, command)),
        Command::RemoveMember(command) => {
            let room = command.room;
            Box::pin(members::own(&asker, room, RoomCommand::RemoveMember(command)))
        }
        Command::SetRole(command) => {
            let room = command.room;
            Box::pin(members::own(&asker, room, RoomCommand::SetRole(command)))
        }
        Command::Leave(command) => {
            let room = command.room;
            Box::pin(members::own(&asker, room, RoomCommand::Leave(command)))
        }
        Command::Members(command) => in_time(within, members::handle_list(asker, command)),
        Command::Open(command) => Box::pin(open::handle(asker, command)),
        Command::Close(command) => ready(open::close(&asker, &command)),
        Command::Send(command) => Box::pin(send::handle(&asker, command)),
        Command::History(command) => in_time(within, history::handle(asker, command)),
        Command::Message(command) => in_time(within, history::handle_message(asker, command)),
        Command::MarkRead(mark) => Box::pin(markers::handle_read(asker, mark)),
        Command::MarkDelivered(mark) => Box::pin(markers::handle_delivered(asker, mark)),
        Command::MarkUnread(mark) => Box::pin(markers::handle_unread(asker, mark)),
        Command::SetPresence(command) => Box::pin(presence::handle(asker, command)),
        Command::SetPreferences(command) => Box::pin(preferences::handle(asker, command)),
        Command::Profiles(command) => in_time(within, profiles::handle(asker, command)),
        Command::Hello(_) | Command::Refresh(_) => {
            let sentence = "Hello comes first, and once.";
            ready(Err(Error::refused(ErrorCode::HelloExpected, sentence)))
        }
        Command::Unknown(_) => {
            let sentence = "This server does not know this command.";
            ready(Err(Error::refused(ErrorCode::UnknownCommand, sentence)))
        }
    }
}

/// The answer of a command that only reads, however often: it waits for the store no longer than one
/// read may.
fn in_time(within: Duration, answer: impl Future<Output = Handled> + Send + 'static) -> Answer {
    Box::pin(async move { timeout(within, answer).await.unwrap_or_else(|_| Err(not_now())) })
}

/// An answer that is there.
pub(super) fn ready(answer: Handled) -> Answer {
    Box::pin(std::future::ready(answer))
}
