//! Links by which people join groups.

use caffis_schema::{
    Command, InviteSecret, Position, Reply, RoomId, Text,
    invites::{
        CreateInvite, Invite, InvitePreview, InvitedRoom, Invites, JoinByInvite, RevokeInvite,
    },
    limits::INVITE_NAME_BYTES,
    reply::Appended,
};

use crate::{calls::CallError, client::Client};

impl Client {
    /// Makes a link by which people join a group, good for so many seconds (0: for ever) and people (0: any
    /// number). The secret is the link's, and the server does not show it again; the position names the link.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn create_invite(
        &self,
        room: RoomId,
        (lifetime_seconds, max_uses): (u32, u32),
        name: Option<Text<INVITE_NAME_BYTES>>,
    ) -> Result<(InviteSecret, Position), CallError> {
        // As random as a key, and another one.
        let secret = InviteSecret(self.key_of_new_room().id.0);
        let key = self.key(room);
        let create = CreateInvite { key, room, secret, lifetime_seconds, max_uses, name };
        let made = self.appended(Command::CreateInvite(create)).await?;
        Ok((secret, made.position))
    }

    /// The links of a group, newest first.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn invites(&self, room: RoomId) -> Result<Vec<Invite>, CallError> {
        match self.call(Command::Invites(Invites { room })).await? {
            Reply::Invites(list) => Ok(list.invites.into_vec()),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Ends a link, which is named by the position of the entry that made it.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn revoke_invite(&self, room: RoomId, invite: Position) -> Result<(), CallError> {
        let revoke = RevokeInvite { key: self.key(room), room, invite };
        self.appended(Command::RevokeInvite(revoke)).await.map(drop)
    }

    /// What a link leads to.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn invite_preview(
        &self,
        room: RoomId,
        secret: InviteSecret,
    ) -> Result<InvitedRoom, CallError> {
        match self.call(Command::InvitePreview(InvitePreview { room, secret })).await? {
            Reply::InvitedRoom(room) => Ok(room),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Joins a group by a link; who is a member already stays one, and no use is counted.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn join_by_invite(
        &self,
        room: RoomId,
        secret: InviteSecret,
    ) -> Result<Appended, CallError> {
        let key = self.key(room);
        self.appended(Command::JoinByInvite(JoinByInvite { key, room, secret })).await
    }

    async fn appended(&self, command: Command) -> Result<Appended, CallError> {
        match self.call(command).await? {
            Reply::Appended(appended) => Ok(appended),
            other => Err(CallError::Unexpected(other.name())),
        }
    }
}
