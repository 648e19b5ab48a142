//! Each cell of the table of permissions, tried; and how far roles reach.

use caffis_core::model::authorise::table::{Permission, Place, RULES, Verdict};
use caffis_schema::{
    Command, EntryKind, ErrorCode, InviteSecret, List, MessageNumber, Position, RoomId, Text,
    command::{
        Anchor, Delete, Edit, Mark, Pin, React, Report, ReportReason, Revisions, Send,
        TransferOwnership,
    },
    info::SetRoomInfo,
    invites::CreateInvite,
    room::{ClientKey, Extra, Mentions, Role, RoomClass},
    settings::SetRoomSettings,
};

use crate::{
    client::Client,
    harness::{World, code, text, user},
    polls::{ask, voting},
};

/// A room in which `actor` has a role, `keeper` wrote messages, and `target` is a guest.
struct Scene {
    world: World,
    room: RoomId,
    place: Place,
    actor: Client,
    keeper: Client,
    /// Of the keeper.
    theirs: Vec<Position>,
    /// Of the actor.
    own: Vec<Position>,
    /// Of the keeper.
    poll: Position,
}

impl Scene {
    async fn new(place: Place, role: Role) -> Self {
        let world = World::unhurried().await;
        let [mut keeper, mut actor, _target, _other, _spare] =
            world.people(["keeper", "actor", "target", "other", "spare"]).await;
        let members = ["keeper", "actor", "target", "other"];
        let mut service = world.service().await;
        let room = match place {
            Place::Group => keeper.group(&members[1..]).await,
            Place::Direct => keeper.direct("actor").await.expect("made").room,
            Place::Evidence => {
                let made = service.ensure("booking", RoomClass::Evidence, &members).await;
                let room = made.expect("made").room;
                service.role(room, "keeper", Role::Owner).await.expect("given");
                room
            }
            Place::Public => {
                let made = keeper.ensure("cafe", RoomClass::Public, &[]).await.expect("made");
                for client in [&mut keeper, &mut actor] {
                    client.open(made.room).await.expect("opened");
                }
                made.room
            }
        };
        let (mut theirs, mut own) = (Vec::new(), Vec::new());
        for words in ["one", "two", "three"] {
            theirs.push(keeper.send(room, words).await.expect("sent").position);
        }
        let poll = ask(&mut keeper, room, |_| {}).await.expect("sent").position;
        for words in ["four", "five"] {
            own.push(actor.send(room, words).await.expect("sent").position);
        }
        if matches!(place, Place::Group | Place::Evidence) {
            keeper.role(room, "target", Role::Guest).await.expect("given");
            keeper.role(room, "actor", role).await.expect("given");
        }
        Self { world, room, place, actor, keeper, theirs, own, poll }
    }

    /// Tries to write while the room is for announcements.
    async fn write_anyway(&mut self) -> Option<ErrorCode> {
        let Self { room, actor, keeper, .. } = self;
        let command = set(keeper, *room, |command| command.announcements = Some(true));
        if let Err(error) = keeper.ask(command).await {
            return Some(error.code);
        }
        let found = failure(actor.send(*room, "seven").await);
        let command = set(keeper, *room, |command| command.announcements = Some(false));
        keeper.ask(command).await.expect("set");
        // A guest may not write at all, and others not now.
        found.map(|code| if code == ErrorCode::ReadOnly { ErrorCode::Forbidden } else { code })
    }

    /// Tries something that the table names.
    async fn attempt(&mut self, permission: Permission) -> Option<ErrorCode> {
        if permission == Permission::WriteAnyway {
            return self.write_anyway().await;
        }
        let Self { room, actor, theirs, own, .. } = self;
        let (room, key) = (*room, actor.key());
        let target = if self.place == Place::Direct { "keeper" } else { "target" };
        let result = match permission {
            Permission::Read => return failure(actor.history(room, Anchor::Latest, 10).await),
            Permission::Write => return failure(actor.send(room, "six").await),
            Permission::AddMembers => return failure(actor.add(room, &["spare"]).await),
            Permission::RemoveMembers => return failure(actor.remove(room, target).await),
            Permission::SetRoles => {
                return failure(actor.role(room, "other", Role::Moderator).await);
            }
            Permission::MakeOwners => return failure(actor.role(room, "other", Role::Owner).await),
            Permission::WriteAnyway => unreachable!("tried above"),
            Permission::MentionRoom => mention_all(key, room),
            Permission::InviteByLink => Command::CreateInvite(create_invite(key, room)),
            Permission::ChangeSettings => {
                set(actor, room, |command| command.slow_mode_seconds = Some(0))
            }
            Permission::ChangeInfo => {
                describe(actor, room, |command| command.description = Some(Text::cut("for all")))
            }
            Permission::Leave => return failure(actor.leave(room).await),
            Permission::React => {
                let (position, emoji) = (theirs[0], Text::cut("☕"));
                Command::React(React { key, room, position, emoji, add: true })
            }
            Permission::Vote => {
                return failure(actor.ask(voting(key, room, self.poll, &[0])).await);
            }
            Permission::EditOwn => Command::Edit(Edit::words(key, room, own[0], text("vier"))),
            Permission::DeleteOwn => Command::Delete(Delete { key, room, position: own[1] }),
            Permission::Report => {
                let (reason, text) = (ReportReason::Spam, Text::default());
                Command::Report(Report { room, position: theirs[0], reason, text })
            }
            Permission::KeepMarkers => Command::MarkRead(Mark { room, number: MessageNumber(1) }),
            Permission::Pin => Command::Pin(Pin { key, room, position: theirs[0], pin: true }),
            Permission::DeleteAny => Command::Delete(Delete { key, room, position: theirs[1] }),
            Permission::SeeRevisions => {
                Command::Revisions(Revisions { room, position: theirs[2], from: 0 })
            }
            Permission::Transfer => transfer(actor, room, "other"),
        };
        failure(actor.ask(result).await)
    }
}

/// A message that mentions everybody.
fn mention_all(key: ClientKey, room: RoomId) -> Command {
    let mentions = Mentions { users: List::default(), room: true };
    let extras = List::cut(vec![Extra::Mentions(mentions)]);
    Command::Send(Send { key, room, body: text("all of you"), extras })
}

/// A command that makes an invite link.
pub(crate) fn create_invite(key: ClientKey, room: RoomId) -> CreateInvite {
    let secret = InviteSecret(key.id.0);
    CreateInvite { key, room, secret, lifetime_seconds: 60, max_uses: 0, name: None }
}

/// A command that changes how people write.
pub(crate) fn set(
    client: &Client,
    room: RoomId,
    change: impl FnOnce(&mut SetRoomSettings),
) -> Command {
    let key = client.key();
    let (slow_mode_seconds, frozen, announcements) = (None, None, None);
    let mut command = SetRoomSettings { key, room, slow_mode_seconds, frozen, announcements };
    change(&mut command);
    Command::SetRoomSettings(command)
}

/// A command that changes what a room is called, what it is for, or what later members see.
pub(crate) fn describe(
    client: &Client,
    room: RoomId,
    change: impl FnOnce(&mut SetRoomInfo),
) -> Command {
    let (key, name, description, history) = (client.key(), None, None, None);
    let mut command = SetRoomInfo { key, room, name, description, history };
    change(&mut command);
    Command::SetRoomInfo(command)
}

fn transfer(client: &Client, room: RoomId, name: &str) -> Command {
    Command::TransferOwnership(TransferOwnership { key: client.key(), room, user: user(name) })
}

fn failure<T>(result: Result<T, caffis_schema::Error>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}

#[tokio::test(start_paused = true)]
async fn each_cell_of_the_table_is_as_it_says() {
    let mut scenes = vec![(Place::Direct, Role::Member), (Place::Public, Role::Member)];
    for role in Role::ALL {
        scenes.extend([(Place::Group, role), (Place::Evidence, role)]);
    }
    for (place, role) in scenes {
        let mut scene = Scene::new(place, role).await;
        let stands = (place != Place::Public).then_some(role);
        // In the order of the table: what takes the actor's role or place comes last.
        for rule in RULES {
            let expected = match rule.verdict(place, stands) {
                Verdict::Allowed => None,
                Verdict::Forbidden => Some(ErrorCode::Forbidden),
                Verdict::NotHere => Some(ErrorCode::RoomClass),
            };
            let found = scene.attempt(rule.permission).await;
            assert_eq!(found, expected, "{}: {role:?} in {place:?}", rule.name);
        }
        drop(scene.world);
    }
}

/// A group with somebody of each role, named after it, and `target`.
async fn group(world: &World, target: Role) -> (RoomId, [Client; 6]) {
    let names = ["owner", "admin", "moderator", "member", "guest", "target"];
    let mut clients = world.people(names).await;
    let room = clients[0].group(&names[1..]).await;
    let given = [
        ("admin", Role::Admin),
        ("moderator", Role::Moderator),
        ("guest", Role::Guest),
        ("target", target),
    ];
    for (name, role) in given {
        clients[0].role(room, name, role).await.expect("given");
    }
    (room, clients)
}

#[tokio::test(start_paused = true)]
async fn nobody_removes_somebody_above_them() {
    use Role::{Admin, Guest, Member, Moderator, Owner};
    let reach: [&[Role]; 5] =
        [&Role::ALL, &[Guest, Member, Moderator, Admin], &[Guest, Member], &[], &[]];
    for target in [Guest, Member, Moderator, Admin, Owner] {
        for (index, reached) in reach.iter().enumerate() {
            let world = World::unhurried().await;
            let (room, mut clients) = group(&world, target).await;
            let found = failure(clients[index].remove(room, "target").await);
            let expected = (!reached.contains(&target)).then_some(ErrorCode::Forbidden);
            assert_eq!(found, expected, "{index} removes {target:?}");
        }
    }
}

/// The roles that were given and who went, in the order of the log after a position.
async fn changes(client: &mut Client, room: RoomId, after: u64) -> Vec<String> {
    let page = client.history(room, Anchor::After(Position(after)), 100).await.expect("a page");
    let changes = page.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Role(change) => Some(format!("{} {:?}", change.user, change.role)),
        EntryKind::Left(left) => Some(format!("{} left", left.user)),
        _ => None,
    });
    changes.collect()
}

#[tokio::test(start_paused = true)]
async fn a_room_is_handed_over_in_one_step() {
    let mut world = World::unhurried().await;
    let (room, [mut owner, mut admin, ..]) = group(&world, Role::Member).await;
    let head = owner.listed(room).await.expect("listed").head.get();
    assert_eq!(code(owner.ask(transfer(&owner, room, "nobody")).await), ErrorCode::NotFound);
    assert_eq!(code(owner.ask(transfer(&owner, room, "owner")).await), ErrorCode::Invalid);
    assert_eq!(code(admin.ask(transfer(&admin, room, "target")).await), ErrorCode::Forbidden);
    let command = transfer(&owner, room, "target");
    let first = owner.ask(command.clone()).await.expect("handed over");
    assert_eq!(owner.ask(command).await.expect("the same answer"), first);
    assert_eq!(changes(&mut owner, room, head).await, ["target Owner", "owner Admin"]);
    assert_eq!(code(owner.ask(transfer(&owner, room, "admin")).await), ErrorCode::Forbidden);
    world.restart().await;
    let mut target = world.connect("target").await;
    assert_eq!(target.listed(room).await.expect("listed").role, Some(Role::Owner));
    let mut owner = world.connect("owner").await;
    assert_eq!(owner.listed(room).await.expect("listed").role, Some(Role::Admin));
}

#[tokio::test(start_paused = true)]
async fn the_admin_of_longest_standing_follows_the_last_owner() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, _anna, _luca] =
        world.people(["giulia", "marco", "anna", "luca"]).await;
    let room = giulia.group(&["luca"]).await;
    for name in ["marco", "anna"] {
        giulia.add(room, &[name]).await.expect("added");
    }
    // Not the first who was made an admin, but the first who came.
    giulia.role(room, "anna", Role::Admin).await.expect("given");
    giulia.role(room, "marco", Role::Admin).await.expect("given");
    giulia.role(room, "luca", Role::Moderator).await.expect("given");
    let head = marco.listed(room).await.expect("listed").head.get();
    for role in [Role::Admin, Role::Member] {
        assert_eq!(code(giulia.role(room, "giulia", role).await), ErrorCode::LastAdmin);
    }
    giulia.leave(room).await.expect("left");
    assert_eq!(changes(&mut marco, room, head).await, ["marco Owner", "giulia left"]);
    assert_eq!(marco.listed(room).await.expect("listed").role, Some(Role::Owner));
    // A moderator is no admin.
    marco.remove(room, "anna").await.expect("removed");
    assert_eq!(code(marco.leave(room).await), ErrorCode::LastAdmin);
    marco.remove(room, "luca").await.expect("removed");
    marco.leave(room).await.expect("the last one may go");
}
