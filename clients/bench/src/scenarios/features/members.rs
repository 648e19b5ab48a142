//! Who belongs to a room: roles, members, invite links.

use caffis_schema::{
    Command, List, Reply,
    command::{AddMembers, Leave, Members, RemoveMember, SetRole, TransferOwnership},
    invites::{CreateInvite, InvitePreview, Invites, JoinByInvite, RevokeInvite},
    limits::INVITES,
    room::Role,
};

use super::{
    feature::{Feature, feature},
    place::{MEMBERS, OUTSIDER, Place, Who, member, secret, user},
};

/// People who use a link in turns, because each of them may try few links in a minute.
const INVITED: usize = 30;

pub(super) const FEATURES: &[Feature] = &[
    feature("change a role", |it, n| {
        let role = if n.is_multiple_of(2) { Role::Moderator } else { Role::Member };
        Command::SetRole(SetRole { key: it.key(n), room: it.room, user: member(0), role })
    }),
    feature("transfer ownership, there or back", |it, n| {
        let (key, room, user) = (it.key(n), it.room, user(1 - n % 2));
        Command::TransferOwnership(TransferOwnership { key, room, user })
    })
    .by(|n| n % 2),
    feature("add a member, or remove them", |it, n| {
        let (key, room, user) = (it.key(n), it.room, user(OUTSIDER));
        match n % 2 {
            0 => Command::AddMembers(AddMembers { key, room, users: List::cut(vec![user]) }),
            _ => Command::RemoveMember(RemoveMember { key, room, user }),
        }
    })
    .outsiders(1),
    feature("list of members", |it, _| {
        Command::Members(Members { room: it.room, after: None, limit: 100 })
    })
    .check(|reply| matches!(reply, Reply::Members(page) if page.members.len() == MEMBERS)),
    feature("make an invite link, or revoke it", |it, n| match n % 2 {
        0 => invite(it, n),
        _ => {
            let (key, room, invite) = (it.key(n), it.room, it.head);
            Command::RevokeInvite(RevokeInvite { key, room, invite })
        }
    }),
    feature("join by an invite link, or leave", |it, n| {
        let (key, room, secret) = (it.key(n), it.room, secret(0));
        match n % 2 {
            0 => Command::JoinByInvite(JoinByInvite { key, room, secret }),
            _ => Command::Leave(Leave { key, room }),
        }
    })
    .by(|n| invited(n / 2))
    .before(one_invite)
    .outsiders(INVITED),
    feature("preview of an invite link", |it, _| {
        Command::InvitePreview(InvitePreview { room: it.room, secret: secret(0) })
    })
    .by(invited)
    .before(one_invite)
    .outsiders(INVITED),
    feature("list of 50 invite links", |it, _| Command::Invites(Invites { room: it.room }))
        .before(|it, n| (n < INVITES).then(|| (0, invite(it, n))))
        .check(|reply| matches!(reply, Reply::Invites(list) if list.invites.len() == INVITES)),
];

fn invited(n: usize) -> Who {
    OUTSIDER + n % INVITED
}

fn invite(it: &Place, n: usize) -> Command {
    Command::CreateInvite(CreateInvite {
        key: it.key(n),
        room: it.room,
        secret: secret(n),
        lifetime_seconds: 0,
        max_uses: 0,
        name: None,
    })
}

fn one_invite(it: &Place, n: usize) -> Option<(Who, Command)> {
    (n < 1).then(|| (0, invite(it, n)))
}
