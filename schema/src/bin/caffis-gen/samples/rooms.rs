//! Commands about rooms, who is in them, and links by which people join.

use caffis_schema::{
    Command, Position,
    command::{
        AddMembers, Close, CreateGroup, EnsureDirect, EnsureRoom, Leave, Members, Open,
        RemoveMember, Rooms, SetContext, SetRole, TransferOwnership,
    },
    ids::{InviteSecret, MAX_EXACT},
    info::SetRoomInfo,
    invites::{CreateInvite, InvitePreview, Invites, JoinByInvite, RevokeInvite},
    open::Empty,
    room::{ContextStatus, HistoryPolicy, Role, RoomClass},
    settings::SetRoomSettings,
};

use super::{
    ASTRAL, FIRST_ROOM, LAST_ROOM, RIGHT_TO_LEFT, ROOM, context, details, key, last_key, list,
    longest, longest_participant, longest_user, participant, text, user,
};

/// Commands about rooms and who is in them.
pub(super) fn rooms() -> Vec<(&'static str, Command)> {
    let ensure = |class, history, name: Option<&str>| {
        Command::EnsureRoom(EnsureRoom {
            context: context(),
            class,
            name: name.map(text),
            members: list([user("bo"), longest_user()]),
            history,
        })
    };
    let role = |role| Command::SetRole(SetRole { key: key(), room: ROOM, user: user("bo"), role });
    vec![
        ("command rooms", Command::Rooms(Rooms { after: None, context: None, limit: 100 })),
        (
            "command rooms, after one",
            Command::Rooms(Rooms { after: Some(ROOM), context: Some(longest()), limit: 255 }),
        ),
        ("command ensure_room, social", ensure(RoomClass::Social, HistoryPolicy::All, None)),
        (
            "command ensure_room, public",
            ensure(RoomClass::Public, HistoryPolicy::Last(u32::MAX), Some(ASTRAL)),
        ),
        (
            "command ensure_room, evidence",
            ensure(RoomClass::Evidence, HistoryPolicy::FromJoining, Some("")),
        ),
        ("command ensure_direct", Command::EnsureDirect(EnsureDirect { user: longest_user() })),
        (
            "command create_group",
            Command::CreateGroup(CreateGroup {
                key: key(),
                name: text(RIGHT_TO_LEFT),
                members: list((0..100).map(|n| user(&format!("u{n}")))),
                history: HistoryPolicy::Last(0),
            }),
        ),
        (
            "command add_members",
            Command::AddMembers(AddMembers { key: last_key(), room: ROOM, users: list([]) }),
        ),
        (
            "command remove_member",
            Command::RemoveMember(RemoveMember { key: key(), room: ROOM, user: user("bo") }),
        ),
        ("command set_role, member", role(Role::Member)),
        ("command set_role, admin", role(Role::Admin)),
        ("command set_role, owner", role(Role::Owner)),
        ("command set_role, moderator", role(Role::Moderator)),
        ("command set_role, guest", role(Role::Guest)),
        ("command set_room_settings", set_room_settings(Some(30), Some(true), Some(false))),
        ("command set_room_info", set_room_info(Some(ASTRAL), Some(""), None)),
        ("command set_room_info, nothing", set_room_info(None, None, None)),
        (
            "command set_room_info, history",
            set_room_info(None, None, Some(HistoryPolicy::FromJoining)),
        ),
        ("command set_room_settings, nothing", set_room_settings(None, None, None)),
        (
            "command transfer_ownership",
            Command::TransferOwnership(TransferOwnership {
                key: key(),
                room: ROOM,
                user: longest_user(),
            }),
        ),
        (
            "command set_context",
            Command::SetContext(SetContext {
                key: key(),
                room: ROOM,
                version: MAX_EXACT,
                details: Some(details()),
                status: Some(ContextStatus::Cancelled(Empty {})),
                participants: Some(list([participant(), longest_participant()])),
                remove_others: true,
            }),
        ),
        (
            "command set_context, nothing",
            Command::SetContext(SetContext {
                key: last_key(),
                room: LAST_ROOM,
                version: 0,
                details: None,
                status: None,
                participants: None,
                remove_others: false,
            }),
        ),
        ("command leave", Command::Leave(Leave { key: key(), room: ROOM })),
        ("command members", Command::Members(Members { room: ROOM, after: None, limit: 0 })),
        (
            "command members, after one",
            Command::Members(Members { room: ROOM, after: Some(user("bo")), limit: 100 }),
        ),
        ("command open", Command::Open(Open { room: LAST_ROOM, limit: 50 })),
        ("command close", Command::Close(Close { room: FIRST_ROOM })),
    ]
}

/// Commands about links by which people join.
pub(super) fn invites() -> Vec<(&'static str, Command)> {
    let secret = InviteSecret(*b"0123456789abcdef");
    let create = CreateInvite {
        key: key(),
        room: ROOM,
        secret,
        lifetime_seconds: 604_800,
        max_uses: 1,
        name: Some(longest()),
    };
    let for_ever = CreateInvite {
        key: last_key(),
        room: LAST_ROOM,
        secret: InviteSecret([0xff; 16]),
        lifetime_seconds: 0,
        max_uses: u32::MAX,
        name: None,
    };
    vec![
        ("command create_invite", Command::CreateInvite(create)),
        ("command create_invite, for ever", Command::CreateInvite(for_ever)),
        (
            "command revoke_invite",
            Command::RevokeInvite(RevokeInvite { key: key(), room: ROOM, invite: Position(57) }),
        ),
        ("command invites", Command::Invites(Invites { room: ROOM })),
        ("command invite_preview", Command::InvitePreview(InvitePreview { room: ROOM, secret })),
        (
            "command join_by_invite",
            Command::JoinByInvite(JoinByInvite { key: key(), room: ROOM, secret }),
        ),
    ]
}

fn set_room_settings(
    slow_mode_seconds: Option<u32>,
    frozen: Option<bool>,
    announcements: Option<bool>,
) -> Command {
    Command::SetRoomSettings(SetRoomSettings {
        key: key(),
        room: ROOM,
        slow_mode_seconds,
        frozen,
        announcements,
    })
}

fn set_room_info(
    name: Option<&str>,
    description: Option<&str>,
    history: Option<HistoryPolicy>,
) -> Command {
    let (name, description) = (name.map(text), description.map(text));
    Command::SetRoomInfo(SetRoomInfo { key: key(), room: ROOM, name, description, history })
}
