//! Links by which people come into a group: making, listing and revoking them, and joining by one.
//!
//! The room's owner has the links with the room, so it counts uses as exactly as everything else in its log. A
//! link names its room, so it is found without an index.

use std::time::Duration;

use caffis_schema::{
    EntryKind, Error, ErrorCode, InviteDigest, List, Reply, UserId,
    event::Joined,
    invites::{
        CreateInvite, InviteList, InviteMade, InvitePreview, InviteRevoked, InvitedRoom, Invites,
        JoinByInvite, RevokeInvite,
    },
    limits::{INVITE_SECONDS, INVITE_USES, INVITES},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    call::{Call, Entered, Handled},
    errors::not_now,
    model::{
        authorise::{InviteByLink, authorise, authorise_by_invite},
        caller::Caller,
        digest::digest,
        invites::{digest_of, no_such_invite},
        room::RoomState,
        text,
    },
    room::{Change, RoomCommand, StepContext},
};

/// When the answer about a link that is not there comes, after it was asked for: longer than it takes to find
/// out, so that the time does not tell a room that is there from one that is not.
const UNKNOWN_AFTER: Duration = Duration::from_millis(500);

/// About how many bytes the links of a room take at most.
const LINKS_BYTES: usize = INVITES * 256;

/// After how many milliseconds somebody asks again who was in the room a moment ago.
const AGAIN_MS: u32 = 100;

impl RoomCommand for CreateInvite {
    fn digest(&self) -> u64 {
        let secret = digest_of(&self.secret);
        digest(&("invite", secret, self.lifetime_seconds, self.max_uses, &self.name))
    }

    fn text_bytes(&self) -> usize {
        LINKS_BYTES
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let allowed = authorise(caller, room, InviteByLink)?;
        let invalid = |sentence: &str| Err(Error::refused(ErrorCode::Invalid, sentence));
        if self.lifetime_seconds as usize > INVITE_SECONDS {
            return invalid("An invite link is good for 365 days at most, or for ever.");
        }
        if self.max_uses as usize > INVITE_USES {
            return invalid(&format!(
                "At most {INVITE_USES} people join by a link, or any number."
            ));
        }
        if let Some(name) = &self.name {
            text::check_name(name)?;
        }
        let digest = digest_of(&self.secret);
        if room.invites.find(digest).is_some() {
            let sentence = "The room has a link with this secret: make another one.";
            return Err(Error::refused(ErrorCode::Conflict, sentence));
        }
        if !room.invites.has_place(context.now) {
            let sentence = format!("This room has {INVITES} invite links already.");
            return Err(Error::refused(ErrorCode::LimitReached, &sentence));
        }
        let lifetime = u64::from(self.lifetime_seconds) * 1_000;
        Ok(Change::from(EntryKind::InviteMade(InviteMade {
            by: allowed.caller().user.clone(),
            digest,
            expires: (lifetime > 0).then(|| context.now.max(room.time) + lifetime),
            max_uses: self.max_uses,
            name: self.name.clone(),
        })))
    }
}

impl RoomCommand for RevokeInvite {
    fn digest(&self) -> u64 {
        digest(&("revoke invite", self.invite))
    }

    fn text_bytes(&self) -> usize {
        LINKS_BYTES
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        _: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let allowed = authorise(caller, room, InviteByLink)?;
        let mut links = room.invites.links.iter();
        let link = links.find(|link| link.invite.invite == self.invite);
        if link.ok_or_else(no_such_invite)?.invite.revoked {
            return Ok(Change::default());
        }
        let by = allowed.caller().user.clone();
        Ok(Change::from(EntryKind::InviteRevoked(InviteRevoked { invite: self.invite, by })))
    }
}

impl RoomCommand for JoinByInvite {
    fn digest(&self) -> u64 {
        digest(&("join", digest_of(&self.secret)))
    }

    fn members(&self) -> usize {
        1
    }

    fn text_bytes(&self) -> usize {
        LINKS_BYTES
    }

    fn invite(&self) -> Option<InviteDigest> {
        Some(digest_of(&self.secret))
    }

    fn newcomers(&self, room: &RoomState, caller: &Caller) -> Result<Vec<UserId>, Error> {
        let invited = authorise_by_invite(caller, room, digest_of(&self.secret))?;
        Ok(if invited.is_member() { vec![] } else { vec![caller.user.clone()] })
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let invited = authorise_by_invite(caller, room, digest_of(&self.secret))?;
        if invited.is_member() {
            return Ok(Change::default());
        }
        invited.check(context.now)?;
        let user = &caller.user;
        if context.members_before.contains_key(user) {
            // They have left or were removed since it was found out who may come.
            let sentence = "This person was a member a moment ago: ask again.";
            return Err(Error::later(ErrorCode::Unavailable, sentence, AGAIN_MS));
        }
        if room.members.len() >= context.settings.members_per_room as usize {
            return Err(Error::refused(ErrorCode::LimitReached, "This room is full."));
        }
        Ok(Change::from(EntryKind::Joined(Joined {
            users: List::cut(vec![user.clone()]),
            by: Some(invited.by().clone()),
            visible_after: room.visible_to_new(),
            invite: Some(invited.invite()),
        })))
    }
}

/// The links of a room, newest first. From the owner's memory: no read of the store.
///
/// # Errors
/// Who may not invite by link.
pub async fn handle_list(call: Call, command: Invites) -> Handled {
    let Entered { state, .. } = call.enter(command.room, InviteByLink).await?;
    let links = state.invites.links.iter().rev();
    let invites = links.map(|link| link.invite.clone()).collect();
    Ok(Reply::Invites(InviteList { invites: List::cut(invites) }))
}

/// What a link leads to.
///
/// # Errors
/// What would keep the caller from joining by it now, other than a full room.
pub async fn handle_preview(call: Call, command: InvitePreview) -> Handled {
    let InvitePreview { room, secret } = command;
    let (services, digest) = (&call.services, digest_of(&secret));
    if !services.rooms.has_invite(room, digest).await? {
        return Err(no_such_invite());
    }
    let cell = services.rooms.loaded(room).await?;
    let state = cell.state().ok_or_else(not_now)?;
    let invited = authorise_by_invite(&call.caller(room), &state, digest)?;
    invited.check(services.clock.now())?;
    if !invited.is_member() {
        services.rooms.check_invited(room, call.user(), invited.by()).await?;
    }
    services.directory.find_all([invited.by()]).await?;
    Ok(Reply::InvitedRoom(InvitedRoom {
        room,
        name: state.name().cloned(),
        members: u32::try_from(state.members.len()).unwrap_or(u32::MAX),
        by: services.directory.peek(invited.by()),
        expires: invited.details().expires,
        member: invited.is_member(),
    }))
}

/// Counts one try of a link, and makes sure that others can know who comes by it.
///
/// # Errors
/// `rate_limited` when there were too many, and what the store says.
pub(crate) async fn begin(call: &Call) -> Result<(), Error> {
    call.services.invite_tries.take(call.user(), call.services.clock.now())?;
    call.know_self().await
}

/// Answers about a link that is not there always in the same way and after the same time.
///
/// # Errors
/// The answer's.
pub(crate) async fn even(answer: Handled, begun: Instant) -> Handled {
    match answer {
        Err(error) if error.code == ErrorCode::NotFound => {
            sleep_until(begun + UNKNOWN_AFTER).await;
            Err(no_such_invite())
        }
        answer => answer,
    }
}
