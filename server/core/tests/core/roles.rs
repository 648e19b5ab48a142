//! Who may do what: every action by every role.

use caffis_schema::{
    ClientId, Command, ErrorCode, List, MessageNumber, Position, RoomId, Text, Timestamp,
    command::{
        AddMembers, Anchor, Close, Delete, Edit, History, Leave, Mark, Members, MessageAt, Mute,
        Open, React, RemoveMember, Report, ReportReason, Revisions, Send, SetRole,
    },
    room::{ClientKey, Role, RoomClass},
};

use crate::client::Client;
use crate::harness::{START, World, code, text, user};

/// Every command about a room that an outsider may not even know of, with fresh keys.
pub(crate) fn every_command(room: RoomId, member: &str) -> Vec<Command> {
    let mut next = 1_u128 << 100;
    let mut key = || {
        next += 1;
        ClientKey { id: ClientId(next.to_be_bytes()), time: Timestamp(START), head: Position::ZERO }
    };
    let mark = Mark { room, number: MessageNumber(0) };
    vec![
        Command::AddMembers(AddMembers { key: key(), room, users: List::cut(vec![user(member)]) }),
        Command::RemoveMember(RemoveMember { key: key(), room, user: user(member) }),
        Command::SetRole(SetRole { key: key(), room, user: user(member), role: Role::Admin }),
        Command::Leave(Leave { key: key(), room }),
        Command::Members(Members { room, after: None, limit: 10 }),
        Command::Open(Open { room, limit: 10 }),
        Command::Send(Send::new(key(), room, text("ciao"))),
        Command::Edit(Edit::words(key(), room, Position(1), text("ciao"))),
        Command::Delete(Delete { key: key(), room, position: Position(1) }),
        Command::React(React {
            key: key(),
            room,
            position: Position(1),
            emoji: Text::cut("☕"),
            add: true,
        }),
        Command::Revisions(Revisions { room, position: Position(1), from: 0 }),
        Command::History(History { room, anchor: Anchor::Latest, limit: 10 }),
        Command::Message(MessageAt { room, position: Position(1) }),
        Command::MarkRead(mark),
        Command::MarkDelivered(mark),
        Command::MarkUnread(mark),
        Command::Mute(Mute { room, until: None }),
        Command::Report(Report {
            room,
            position: Position(1),
            reason: ReportReason::Spam,
            text: Text::default(),
        }),
    ]
}

/// The same command for another room.
pub(crate) fn with_room(command: &Command, to: RoomId) -> Command {
    let mut command = command.clone();
    match &mut command {
        Command::AddMembers(c) => c.room = to,
        Command::RemoveMember(c) => c.room = to,
        Command::SetRole(c) => c.room = to,
        Command::Leave(c) => c.room = to,
        Command::Members(c) => c.room = to,
        Command::Open(c) => c.room = to,
        Command::Close(Close { room }) => *room = to,
        Command::Send(c) => c.room = to,
        Command::Edit(c) => c.room = to,
        Command::Delete(c) => c.room = to,
        Command::React(c) => c.room = to,
        Command::Revisions(c) => c.room = to,
        Command::History(c) => c.room = to,
        Command::Message(c) => c.room = to,
        Command::Mute(c) => c.room = to,
        Command::Report(c) => c.room = to,
        Command::MarkRead(c) | Command::MarkDelivered(c) | Command::MarkUnread(c) => c.room = to,
        other => panic!("not about a room: {other:?}"),
    }
    command
}

async fn attempt(client: &mut Client, command: Command) -> Option<ErrorCode> {
    client.ask(command).await.err().map(|error| error.code)
}

/// A group of an owner, an admin, and members `target` (of a role) and `member`.
async fn group(world: &World, target: Role) -> (RoomId, [Client; 5]) {
    let mut clients = world.people(["owner", "admin", "member", "target", "outsider"]).await;
    let owner = &mut clients[0];
    let room = owner.group(&["admin", "member", "target"]).await;
    owner.role(room, "admin", Role::Admin).await.expect("given");
    if target != Role::Member {
        owner.role(room, "target", target).await.expect("given");
    }
    (room, clients)
}

#[tokio::test(start_paused = true)]
async fn reading_sending_and_markers_are_every_members() {
    let world = World::unhurried().await;
    let (room, clients) = group(&world, Role::Member).await;
    for (name, mut client) in
        ["owner", "admin", "member", "target", "outsider"].into_iter().zip(clients)
    {
        for command in every_command(room, "target").into_iter().skip(4) {
            let found = attempt(&mut client, command.clone()).await;
            // There is no message at position 1, which is how the room was made.
            let expected = match command {
                _ if name == "outsider" => Some(ErrorCode::NotFound),
                Command::Message(_)
                | Command::Edit(_)
                | Command::Delete(_)
                | Command::React(_)
                | Command::Report(_)
                | Command::Revisions(_) => Some(ErrorCode::NotFound),
                _ => None,
            };
            assert_eq!(found, expected, "{name}: {command:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn adding_and_removing_by_role() {
    let (no, gone) = (Some(ErrorCode::Forbidden), Some(ErrorCode::NotFound));
    // By whom, of what role the target is, and what becomes of adding someone and removing the target.
    let cases = [
        ("owner", Role::Member, None, None),
        ("owner", Role::Admin, None, None),
        ("owner", Role::Owner, None, None),
        ("admin", Role::Member, None, None),
        ("admin", Role::Admin, None, None),
        ("admin", Role::Owner, None, no),
        ("member", Role::Member, no, no),
        ("member", Role::Owner, no, no),
        ("outsider", Role::Member, gone, gone),
        ("service", Role::Owner, gone, gone),
    ];
    for (who, target, adding, removing) in cases {
        let world = World::unhurried().await;
        let (room, clients) = group(&world, target).await;
        let mut by = actor(&world, who, clients).await;
        assert_eq!(by.add(room, &["outsider"]).await.err().map(|e| e.code), adding, "{who} adds");
        let removed = by.remove(room, "target").await.err().map(|e| e.code);
        assert_eq!(removed, removing, "{who} removes {target:?}");
    }
}

async fn actor(world: &World, who: &str, clients: [Client; 5]) -> Client {
    let [owner, admin, member, _, outsider] = clients;
    match who {
        "owner" => owner,
        "admin" => admin,
        "member" => member,
        "outsider" => outsider,
        _ => world.service().await,
    }
}

#[tokio::test(start_paused = true)]
async fn roles_by_role() {
    let no = Some(ErrorCode::Forbidden);
    use Role::{Admin, Member, Owner};
    let cases = [
        ("owner", Member, Admin, None),
        ("owner", Member, Owner, None),
        ("owner", Owner, Member, None),
        ("admin", Member, Admin, None),
        ("admin", Admin, Member, None),
        ("admin", Member, Owner, no),
        ("admin", Owner, Member, no),
        ("member", Member, Admin, no),
        ("member", Admin, Member, no),
        ("outsider", Member, Admin, Some(ErrorCode::NotFound)),
        ("service", Member, Owner, Some(ErrorCode::NotFound)),
    ];
    for (who, from, to, expected) in cases {
        let world = World::unhurried().await;
        let (room, clients) = group(&world, from).await;
        let mut by = actor(&world, who, clients).await;
        let found = by.role(room, "target", to).await.err().map(|e| e.code);
        assert_eq!(found, expected, "{who}: {from:?} to {to:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_stays_in_charge() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    assert_eq!(code(giulia.leave(room).await), ErrorCode::LastAdmin);
    assert_eq!(code(giulia.remove(room, "giulia").await), ErrorCode::LastAdmin);
    assert_eq!(code(giulia.role(room, "giulia", Role::Member).await), ErrorCode::LastAdmin);
    giulia.role(room, "marco", Role::Admin).await.expect("given");
    giulia.leave(room).await.expect("marco is in charge");
    assert_eq!(code(marco.role(room, "marco", Role::Member).await), ErrorCode::LastAdmin);
    marco.leave(room).await.expect("the last one may go");
    assert!(marco.listed(room).await.is_none());
    assert_eq!(code(marco.history(room, Anchor::Latest, 10).await), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn direct_conversations_and_public_rooms_have_no_member_list_to_change() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, _anna] = world.people(["giulia", "marco", "anna"]).await;
    let direct = giulia.direct("marco").await.expect("made").room;
    let public = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(public).await.expect("walked in");
    marco.settle().await;
    for room in [direct, public] {
        assert_eq!(code(giulia.add(room, &["anna"]).await), ErrorCode::RoomClass);
        assert_eq!(code(giulia.remove(room, "marco").await), ErrorCode::RoomClass);
        assert_eq!(code(giulia.role(room, "marco", Role::Admin).await), ErrorCode::RoomClass);
        assert_eq!(code(giulia.leave(room).await), ErrorCode::RoomClass);
    }
}
