//! One command to its feature: the only place that knows them all.

use std::{future::Future, pin::Pin, time::Duration};

use caffis_schema::{Command, Error, ErrorCode, Reply, command::Forward, open::Empty};
use tokio::time::{Instant, timeout};

use crate::{
    answers::{as_known_here, as_seen_by},
    call::{Call, Handled},
    cluster::Owner,
    errors::{no_owner, not_now},
    features::{
        create, drafts, edit, forward, hide, history, invites, marked, markers, members, open, pin,
        placement, poll, preferences, presence, previews, profiles, report, resume, room_list,
        schedule, search, star, threads, topics,
    },
};

/// An answer, to come.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Handled> + Send>>;

/// Starts a command. What goes to a room's owner is in its queue when this returns, so that the
/// commands of a session reach a room in their order; but before a message is forwarded, or an invite link tried,
/// something is read, and later commands may overtake these.
pub(crate) fn dispatch(call: Call, command: Command) -> Answer {
    if let Command::Forward(command) = &command
        && !call.is_forwarded()
    {
        return Box::pin(forward_copied(call, command.clone()));
    }
    if matches!(command, Command::JoinByInvite(_) | Command::InvitePreview(_))
        && !call.is_forwarded()
    {
        return Box::pin(try_invite(call, command));
    }
    let masked = depends_on_person(&command) && call.service().is_none() && !call.is_forwarded();
    if !masked {
        return elsewhere(&call, &command).unwrap_or_else(|| dispatch_here(call, command));
    }
    let (by, room) = (call.clone(), command.room());
    let answer = elsewhere(&call, &command).unwrap_or_else(|| dispatch_here(call, command));
    Box::pin(async move {
        let mut reply = answer.await?;
        as_seen_by(&by.services, by.user(), room, &mut reply).await?;
        Ok(reply)
    })
}

/// Tries an invite link, here or where its room is owned.
async fn try_invite(call: Call, command: Command) -> Handled {
    let begun = Instant::now();
    invites::begin(&call).await?;
    let answer = elsewhere(&call, &command).unwrap_or_else(|| dispatch_here(call, command)).await;
    invites::even(answer, begun).await
}

/// Forwards a message: what it says is read here, with the caller's rights, before the owner of the other room is asked.
async fn forward_copied(call: Call, command: Forward) -> Handled {
    let (copied, refusal) = match forward::copy(&call, &command).await {
        // A service forwards nothing: the room to which it would go says so, if the service may know of it.
        _ if call.service().is_some() => (None, None),
        Ok(copied) => (Some(copied), None),
        Err(error) if error.retry_after_ms.is_some() => return Err(error),
        // An earlier copy of the command may have been done when there was something to forward.
        Err(error) => (None, Some(error)),
    };
    let command = Command::Forward(Forward { copied, ..command });
    let answer = elsewhere(&call, &command).unwrap_or_else(|| dispatch_here(call, command)).await;
    match (answer, refusal) {
        (Err(error), Some(refusal)) if error.retry_after_ms.is_none() => Err(refusal),
        (answer, _) => answer,
    }
}

/// Whether the answer has words of messages in it, of which a person may have hidden some, or rooms as they are in
/// their list.
fn depends_on_person(command: &Command) -> bool {
    matches!(
        command,
        Command::Resume(_)
            | Command::Search(_)
            | Command::Rooms(_)
            | Command::EnsureRoom(_)
            | Command::EnsureDirect(_)
            | Command::Open(_)
            | Command::History(_)
            | Command::Message(_)
            | Command::Previews(_)
            | Command::Marked(_)
            | Command::Thread(_)
            | Command::Threads(_)
    )
}

fn dispatch_here(call: Call, command: Command) -> Answer {
    let within = call.services.settings.store_timeout;
    match command {
        Command::Ping(_) => ready(Ok(Reply::Done(Empty {}))),
        Command::Resume(command) => Box::pin(resume::handle(call, command)),
        Command::Rooms(command) => in_time(within, room_list::handle(call, command)),
        Command::EnsureRoom(command) => Box::pin(create::handle_ensure(call, command)),
        Command::EnsureDirect(command) => Box::pin(create::handle_direct(call, command)),
        Command::CreateGroup(command) => Box::pin(create::handle_group(call, command)),
        Command::AddMembers(command) => Box::pin(call.change(command)),
        Command::RemoveMember(command) => Box::pin(call.change(command)),
        Command::SetRole(command) => Box::pin(call.change(command)),
        Command::Leave(command) => Box::pin(call.change(command)),
        Command::TransferOwnership(command) => Box::pin(call.change(command)),
        Command::SetRoomSettings(command) => Box::pin(call.change(command)),
        Command::SetRoomInfo(command) => Box::pin(call.change(command)),
        Command::CreateInvite(command) => Box::pin(call.change(command)),
        Command::RevokeInvite(command) => Box::pin(call.change(command)),
        Command::JoinByInvite(command) => Box::pin(call.change(command)),
        Command::Invites(command) => in_time(within, invites::handle_list(call, command)),
        Command::InvitePreview(command) => in_time(within, invites::handle_preview(call, command)),
        Command::SetContext(command) => Box::pin(call.change(command)),
        Command::Members(command) => in_time(within, members::handle_list(call, command)),
        Command::Open(command) => Box::pin(open::handle(call, command)),
        Command::Close(command) => ready(open::close(&call, &command)),
        Command::Send(command) => Box::pin(call.change(command)),
        Command::Edit(command) => Box::pin(call.change(command)),
        Command::Delete(command) => Box::pin(call.change(command)),
        Command::React(command) => Box::pin(call.change(command)),
        Command::Revisions(command) => in_time(within, edit::handle_revisions(call, command)),
        Command::Pin(command) => Box::pin(call.change(command)),
        Command::Pins(command) => in_time(within, pin::handle_list(call, command)),
        Command::Hide(command) => Box::pin(hide::handle(call, command)),
        Command::SetPlacement(command) => Box::pin(placement::handle(call, command)),
        Command::Previews(command) => in_time(within, previews::handle(call, command)),
        Command::Search(command) => in_time(within, search::handle(call, command)),
        Command::Topics(command) => in_time(within, topics::handle(call, command)),
        Command::Forward(command) => Box::pin(call.change(command)),
        Command::SetDraft(command) => in_time(within, drafts::handle(call, command)),
        Command::Drafts(_) => in_time(within, drafts::handle_list(call)),
        Command::SetThreadDraft(command) => in_time(within, drafts::handle_thread(call, command)),
        Command::ThreadDrafts(_) => in_time(within, drafts::handle_thread_list(call)),
        Command::Schedule(command) => Box::pin(schedule::handle(call, command)),
        Command::ChangeScheduled(command) => Box::pin(schedule::handle_change(call, command)),
        Command::CancelScheduled(command) => Box::pin(schedule::handle_cancel(call, command)),
        Command::SendScheduled(command) => Box::pin(schedule::handle_send(call, command)),
        Command::Thread(command) => in_time(within, threads::handle(call, command)),
        Command::FollowThread(command) => Box::pin(threads::handle_follow(call, command)),
        Command::MarkThreadRead(command) => Box::pin(threads::handle_read(call, command)),
        Command::Threads(command) => in_time(within, threads::handle_list(call, command)),
        Command::Scheduled(command) => in_time(within, schedule::handle_list(call, command)),
        Command::Star(command) => Box::pin(star::handle(call, command)),
        Command::Vote(command) => Box::pin(call.change(command)),
        Command::ClosePoll(command) => Box::pin(call.change(command)),
        Command::Poll(command) => in_time(within, poll::handle(call, command)),
        Command::Voters(command) => in_time(within, poll::handle_voters(call, command)),
        Command::Marked(command) => in_time(within, marked::handle(call, command)),
        Command::Marks(command) => in_time(within, marked::handle_places(call, command)),
        Command::History(command) => in_time(within, history::handle(call, command)),
        Command::Message(command) => in_time(within, history::handle_message(call, command)),
        Command::MarkRead(mark) => Box::pin(markers::handle_read(call, mark)),
        Command::MarkDelivered(mark) => Box::pin(markers::handle_delivered(call, mark)),
        Command::MarkUnread(mark) => Box::pin(markers::handle_unread(call, mark)),
        Command::Mute(command) => Box::pin(markers::handle_mute(call, command)),
        Command::Report(command) => Box::pin(report::handle(call, command)),
        Command::SetPresence(command) => Box::pin(presence::handle(call, command)),
        Command::SetPreferences(command) => Box::pin(preferences::handle(call, command)),
        Command::Profiles(command) => in_time(within, profiles::handle(call, command)),
        Command::Hello(_) | Command::Refresh(_) => {
            let sentence = "Hello is the first command and is sent only once.";
            ready(Err(Error::refused(ErrorCode::HelloExpected, sentence)))
        }
        Command::Unknown(_) => {
            let sentence = "This server does not know this command.";
            ready(Err(Error::refused(ErrorCode::UnknownCommand, sentence)))
        }
    }
}

/// The answer of another node, if a command belongs to a room that is owned there; none for everything
/// that is done here.
fn elsewhere(call: &Call, command: &Command) -> Option<Answer> {
    let nodes = call.services.nodes.as_ref().filter(|_| !call.is_forwarded())?;
    let room = command.room()?;
    let changes = command.keyed().is_some();
    match call.services.owners.owner_of(room) {
        // What waits for a former owner comes first.
        Owner::Here { .. } if !changes || !nodes.has_waiting(room) => None,
        Owner::Nobody if !changes => Some(ready(Err(no_owner()))),
        Owner::There { node, .. } if !changes => {
            if let Command::History(command) = command {
                let (call, nodes, command) = (call.clone(), nodes.clone(), command.clone());
                return Some(Box::pin(history::handle_elsewhere(call, nodes, node, command)));
            }
            let (nodes, asker, command) = (nodes.clone(), call.asker(room), command.clone());
            let services = call.services.clone();
            Some(Box::pin(async move {
                let answer = nodes.ask_call(node, asker, command).await;
                answer.map(|reply| as_known_here(&services, reply))
            }))
        }
        Owner::Here { .. } | Owner::There { .. } | Owner::Nobody => {
            let (again, given) = (call.clone(), command.clone());
            let here = Box::new(move || dispatch_here(again, given));
            Some(nodes.change(room, call.asker(room), command.clone(), here))
        }
    }
}

/// The answer of a command that only reads, however often: it waits for the store no longer than one
/// read may.
fn in_time(within: Duration, answer: impl Future<Output = Handled> + Send + 'static) -> Answer {
    Box::pin(async move { timeout(within, answer).await.unwrap_or_else(|_| Err(not_now())) })
}

/// An answer that is there.
pub(crate) fn ready(answer: Handled) -> Answer {
    Box::pin(std::future::ready(answer))
}
