//! What REST asks that no command of the protocol does, each to its feature. What a command does goes by
//! [`Core::call`].

use std::{collections::BTreeMap, time::Duration};

use caffis_schema::{
    Error, ErrorCode, List, Reply, RoomId, Text, UserId,
    event::Flag,
    limits::{STATUS_BYTES, USERS_PER_COMMAND},
    open::Empty,
    people::{Connections, MayWrite, SharesRoom, Unread},
    room::{Context, OwnState, RoomSummary},
};
use tokio::time::timeout;

use crate::{
    Core,
    answers::{as_seen_by, without_relations},
    call::Call,
    errors::not_now,
    features::{between, connections, create, presence, room_list},
    flags,
    model::{authorise::authorise_about, caller::Rights},
};

/// Who asks: a person, or with rights a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquirer {
    /// The person, or the service's own name.
    pub user: UserId,
    /// The rights of a service.
    pub service: Option<Rights>,
}

impl Core {
    /// A room.
    ///
    /// # Errors
    /// `not_found` for who may not know of it, `forbidden` for a service that may not read states.
    pub async fn room(&self, by: &Inquirer, room: RoomId) -> Result<RoomSummary, Error> {
        let found = self.in_time(create::handle_find(self.inquiry(by), room)).await?;
        self.shown_to(by, found).await
    }

    /// The room of a context.
    ///
    /// # Errors
    /// As [`Core::room`]; `not_found` also when there is none.
    pub async fn room_of(&self, by: &Inquirer, context: &Context) -> Result<RoomSummary, Error> {
        let found = self.in_time(create::handle_find_context(self.inquiry(by), context)).await?;
        self.shown_to(by, found).await
    }

    /// The person themselves: as others see them, and what they have set.
    ///
    /// # Errors
    /// `forbidden` for services, and what the store says.
    pub async fn own_state(&self, by: &Inquirer) -> Result<OwnState, Error> {
        self.in_time(presence::own_state(&self.inquiry(by))).await
    }

    /// Changes the person's own words, or takes them away if there are none. Gives how they are then.
    ///
    /// # Errors
    /// `forbidden` for services, words that are not allowed, and what the store says.
    pub async fn set_status(
        &self,
        by: &Inquirer,
        status: Text<STATUS_BYTES>,
    ) -> Result<OwnState, Error> {
        let call = self.inquiry(by);
        presence::set_status(&call, status).await?;
        self.in_time(presence::own_state(&call)).await
    }

    /// Whether a person may write to another one.
    ///
    /// # Errors
    /// `forbidden` for who may not ask.
    pub async fn may_write(
        &self,
        by: &Inquirer,
        from: &UserId,
        to: &UserId,
    ) -> Result<MayWrite, Error> {
        self.in_time(between::may_write(self.inquiry(by), from, to)).await
    }

    /// Whether two people share a room.
    ///
    /// # Errors
    /// `forbidden` for who may not ask.
    pub async fn share_room(
        &self,
        by: &Inquirer,
        one: &UserId,
        other: &UserId,
    ) -> Result<SharesRoom, Error> {
        self.in_time(between::share_room(self.inquiry(by), one, other)).await
    }

    /// Whether people are connected.
    ///
    /// # Errors
    /// `forbidden` for who may not ask.
    pub async fn connections(
        &self,
        by: &Inquirer,
        users: &List<UserId, USERS_PER_COMMAND>,
    ) -> Result<Connections, Error> {
        self.in_time(connections::of(self.inquiry(by), users)).await
    }

    /// What a person has not read, over all of their rooms: exact for those that can be read now.
    ///
    /// # Errors
    /// `forbidden` for who may not ask, `not_found` for somebody who is not known.
    pub async fn unread(&self, by: &Inquirer, user: &UserId) -> Result<Unread, Error> {
        authorise_about(&by.user, by.service, [user])?;
        self.in_time(async {
            if self.services().directory.find_stored(user).await?.is_none() {
                return Err(Error::refused(ErrorCode::NotFound, "There is no such person."));
            }
            // Counted as the person's own list does.
            let call = self.caller(user, None);
            let (rooms, _) = room_list::list(&call, None, None, usize::MAX).await?;
            let count = |rooms: usize| u32::try_from(rooms).unwrap_or(u32::MAX);
            let read = |room: &RoomSummary| (room.room, room.read);
            let read: BTreeMap<_, _> =
                rooms.iter().filter(|room| room.readable).map(read).collect();
            let mentions =
                flags::marked_of(self.services(), user, &Flag::Mentioned(Empty {})).await?;
            let mentions = mentions
                .iter()
                .filter(|row| read.get(&row.room).is_some_and(|read| row.number > *read));
            let unreadable = rooms.iter().filter(|room| !room.readable).count();
            Ok(Unread {
                messages: rooms.iter().map(|room| room.unread).sum(),
                mentions: count(mentions.count()),
                rooms: count(rooms.iter().filter(|room| room.unread > 0).count()),
                unreadable: count(unreadable),
            })
        })
        .await
    }

    fn inquiry(&self, by: &Inquirer) -> Call {
        self.caller(&by.user, by.service)
    }

    /// A summary without the presence of somebody from whom the person is kept apart.
    async fn shown_to(&self, by: &Inquirer, summary: RoomSummary) -> Result<RoomSummary, Error> {
        let mut reply = Reply::Room(summary);
        if by.service.is_none() {
            without_relations(self.services(), &by.user, &mut reply).await?;
            as_seen_by(self.services(), &by.user, None, &mut reply).await?;
        }
        match reply {
            Reply::Room(summary) => Ok(summary),
            _ => Err(not_now()),
        }
    }

    /// Waits for the store no longer than one read may.
    async fn in_time<T>(&self, asking: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let within: Duration = self.settings().store_timeout;
        timeout(within, asking).await.unwrap_or_else(|_| Err(not_now()))
    }
}
