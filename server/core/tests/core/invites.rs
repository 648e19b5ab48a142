//! Links by which people come into groups: who makes them, who comes by them, and who does not.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::Settings;
use caffis_schema::{
    Command, EntryKind, Error, ErrorCode, InviteSecret, Reply, RoomId, Text,
    command::{Anchor, RemoveMember},
    hooks::{HookEvent, relationships::Relationship, values::Version},
    invites::{
        CreateInvite, Invite, InvitePreview, InvitedRoom, Invites, JoinByInvite, RevokeInvite,
    },
    limits::{INVITE_TRIES, INVITES},
    reply::Appended,
    room::{HistoryPolicy, Role, RoomClass},
};
use tokio::time::Instant;

use crate::{
    client::Client,
    harness::{World, code, unhurried, user},
    permissions::create_invite,
};

/// A link that was made.
#[derive(Clone, Copy, Debug)]
struct Made {
    appended: Appended,
    room: RoomId,
    secret: InviteSecret,
}

async fn try_make(
    client: &mut Client,
    room: RoomId,
    change: impl FnOnce(&mut CreateInvite),
) -> Result<Made, Error> {
    let mut command = create_invite(client.key(), room);
    command.lifetime_seconds = 604_800;
    change(&mut command);
    let secret = command.secret;
    let appended = client.appended(Command::CreateInvite(command)).await?;
    Ok(Made { appended, room, secret })
}

async fn make(client: &mut Client, room: RoomId) -> Made {
    try_make(client, room, |_| {}).await.expect("made")
}

async fn revoke(client: &mut Client, made: Made) -> Result<Appended, Error> {
    let (key, room, invite) = (client.key(), made.room, made.appended.position);
    client.appended(Command::RevokeInvite(RevokeInvite { key, room, invite })).await
}

fn joining(client: &Client, made: Made) -> Command {
    let Made { room, secret, .. } = made;
    Command::JoinByInvite(JoinByInvite { key: client.key(), room, secret })
}

async fn join(client: &mut Client, made: Made) -> Result<Appended, Error> {
    let command = joining(client, made);
    client.appended(command).await
}

async fn preview(client: &mut Client, made: Made) -> Result<InvitedRoom, Error> {
    let Made { room, secret, .. } = made;
    match client.ask(Command::InvitePreview(InvitePreview { room, secret })).await? {
        Reply::InvitedRoom(room) => Ok(room),
        other => panic!("answered with {other:?}"),
    }
}

async fn invites(client: &mut Client, room: RoomId) -> Result<Vec<Invite>, Error> {
    match client.ask(Command::Invites(Invites { room })).await? {
        Reply::Invites(list) => Ok(list.invites.into_vec()),
        other => panic!("answered with {other:?}"),
    }
}

async fn uses(client: &mut Client, made: Made) -> u32 {
    let invites = invites(client, made.room).await.expect("listed");
    let found = invites.iter().find(|invite| invite.invite == made.appended.position);
    found.expect("kept").uses
}

/// What somebody hears who looks at a link, and who tries to join by it: the same.
async fn refused(client: &mut Client, made: Made) -> ErrorCode {
    let looked = code(preview(client, made).await);
    assert_eq!(code(join(client, made).await), looked);
    looked
}

fn blocks(name: &str, other: &str, version: u64) -> HookEvent {
    let version = Version::new(version).expect("a version");
    HookEvent::RelationshipBlocked(Relationship { user: user(name), other: user(other), version })
}

#[tokio::test(start_paused = true)]
async fn a_link_brings_people_in_and_says_whose_it_is() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    let made = make(&mut giulia, room).await;
    let found = preview(&mut marco, made).await.expect("a preview");
    assert_eq!((found.name.as_deref(), found.members), (Some("Friday"), 1));
    assert_eq!((&found.by.user, found.member), (&user("giulia"), false));
    assert!(marco.listed(room).await.is_none(), "a preview brings nobody in");
    let command = joining(&marco, made);
    let joined = marco.appended(command.clone()).await.expect("joined");
    assert_eq!(marco.appended(command).await.expect("the same answer"), joined);
    assert_eq!(marco.listed(room).await.expect("listed").members, 2);
    let page = giulia.history(room, Anchor::Latest, 10).await.expect("a page");
    let last = page.entries.last().expect("entries");
    let EntryKind::Joined(entry) = &last.kind else { panic!("{last:?}") };
    assert_eq!((&entry.users[..], &entry.by), (&[user("marco")][..], &Some(user("giulia"))));
    assert_eq!((last.position, entry.invite), (joined.position, Some(made.appended.position)));
    // Who is a member stays one, and no use is counted, even if the link is over.
    assert_eq!(join(&mut marco, made).await.expect("a member").position, page.head);
    assert_eq!(uses(&mut giulia, made).await, 1);
    revoke(&mut giulia, made).await.expect("revoked");
    join(&mut marco, made).await.expect("a member");
    assert!(preview(&mut marco, made).await.expect("a member").member);
    assert_eq!(uses(&mut giulia, made).await, 1);
    marco.send(room, "ciao").await.expect("sent");
}

#[tokio::test(start_paused = true)]
async fn who_comes_by_a_link_sees_what_the_room_shows_to_new_members() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group_with(&[], HistoryPolicy::FromJoining).await;
    let made = make(&mut giulia, room).await;
    giulia.send(room, "before").await.expect("sent");
    join(&mut marco, made).await.expect("joined");
    giulia.send(room, "after").await.expect("sent");
    assert_eq!(marco.log(room).await, ["after"]);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_over_says_how() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&[]).await;
    let short = try_make(&mut giulia, room, |it| it.lifetime_seconds = 60).await.expect("made");
    let once = try_make(&mut giulia, room, |it| it.max_uses = 1).await.expect("made");
    let gone = make(&mut giulia, room).await;
    let ever = try_make(&mut giulia, room, |it| it.lifetime_seconds = 0).await.expect("made");
    revoke(&mut giulia, gone).await.expect("revoked");
    assert_eq!(revoke(&mut giulia, gone).await.expect("nothing changes").number.get(), 0);
    assert_eq!(refused(&mut marco, gone).await, ErrorCode::InviteRevoked);
    join(&mut anna, once).await.expect("joined");
    assert_eq!(refused(&mut marco, once).await, ErrorCode::InviteUsedUp);
    world.clock.advance(Duration::from_millis(59_999));
    preview(&mut marco, short).await.expect("not yet");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(refused(&mut marco, short).await, ErrorCode::InviteExpired);
    let listed = invites(&mut giulia, room).await.expect("listed");
    let revoked: Vec<bool> = listed.iter().map(|invite| invite.revoked).collect();
    assert_eq!(revoked, [false, true, false, false], "newest first");
    assert_eq!(listed[0].expires, None);
    world.clock.advance(Duration::from_secs(3 * 365 * 86_400));
    join(&mut marco, ever).await.expect("joined");
}

#[tokio::test(start_paused = true)]
async fn nobody_learns_from_a_wrong_link_whether_there_is_such_a_room() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    let without = giulia.group(&[]).await;
    let made = make(&mut giulia, room).await;
    let secret = InviteSecret([9; 16]);
    for in_memory in [true, false] {
        if !in_memory {
            world.restart().await;
            marco = world.connect("marco").await;
        }
        let mut answers = Vec::new();
        for room in [room, without, RoomId::from_random(12_345)] {
            let begun = Instant::now();
            let wrong = Made { room, secret, ..made };
            answers.push((preview(&mut marco, wrong).await.expect_err("wrong"), begun.elapsed()));
            let begun = Instant::now();
            answers.push((join(&mut marco, wrong).await.expect_err("wrong"), begun.elapsed()));
        }
        assert_eq!(answers[0].0.code, ErrorCode::NotFound);
        let spread = |(error, took): &(Error, Duration)| (error.clone(), took.as_millis() / 10);
        assert!(answers.iter().all(|one| spread(one) == spread(&answers[0])), "{answers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_use_goes_to_one_of_those_who_come_at_once() {
    let world = World::unhurried().await;
    let mut clients = world.people(["giulia", "one", "two", "three", "four", "five", "six"]).await;
    let room = clients[0].group(&[]).await;
    let made = try_make(&mut clients[0], room, |it| it.max_uses = 2).await.expect("made");
    world.faults.set_plan(Plan { delay: Duration::from_millis(20), ..Plan::default() });
    let mut asked = Vec::new();
    for client in &mut clients[1..] {
        let command = joining(client, made);
        asked.push(client.start(command).await);
    }
    let mut answers = Vec::new();
    for (client, id) in clients[1..].iter_mut().zip(asked) {
        answers.push(client.answer(id).await.map_or_else(|error| Some(error.code), |_| None));
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 2, "{answers:?}");
    let over = |answer: &&Option<ErrorCode>| **answer == Some(ErrorCode::InviteUsedUp);
    assert_eq!(answers.iter().filter(over).count(), 4, "{answers:?}");
    assert_eq!(uses(&mut clients[0], made).await, 2);
    assert_eq!(clients[0].listed(room).await.expect("listed").members, 3);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_comes_by_one_link_waits_for_few_reads() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    let made = make(&mut giulia, room).await;
    let mut crowd = Vec::new();
    for number in 0..60 {
        crowd.push(world.connect(&format!("guest{number}")).await);
    }
    let pause = Duration::from_millis(40);
    world.faults.set_plan(Plan { delay: pause, ..Plan::default() });
    let start = Instant::now();
    let mut asked = Vec::new();
    for client in &mut crowd {
        let command = joining(client, made);
        asked.push(client.start(command).await);
    }
    for (client, id) in crowd.iter_mut().zip(asked) {
        client.answer(id).await.expect("joined");
    }
    // One after the other these are about 200 reads.
    assert!(start.elapsed() < pause * 60, "{:?}", start.elapsed());
    assert_eq!(giulia.listed(room).await.expect("listed").members, 61);
}

#[tokio::test(start_paused = true)]
async fn links_end_with_the_right_of_whoever_made_them() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut luca, mut anna] =
        world.people(["giulia", "marco", "luca", "anna"]).await;
    let room = giulia.group(&["marco", "luca"]).await;
    assert_eq!(code(try_make(&mut marco, room, |_| {}).await), ErrorCode::Forbidden);
    assert_eq!(code(invites(&mut marco, room).await), ErrorCode::Forbidden);
    for name in ["marco", "luca"] {
        giulia.role(room, name, Role::Admin).await.expect("given");
    }
    let (demoted, left) = (make(&mut marco, room).await, make(&mut luca, room).await);
    let kept = make(&mut giulia, room).await;
    // Any who may invite end the links of others.
    let other = make(&mut giulia, room).await;
    revoke(&mut marco, other).await.expect("revoked");
    giulia.role(room, "marco", Role::Moderator).await.expect("taken");
    luca.leave(room).await.expect("left");
    for over in [demoted, left, other] {
        assert_eq!(refused(&mut anna, over).await, ErrorCode::InviteRevoked);
    }
    // Not even with the role are they good again.
    giulia.role(room, "marco", Role::Admin).await.expect("given");
    assert_eq!(refused(&mut anna, demoted).await, ErrorCode::InviteRevoked);
    join(&mut anna, kept).await.expect("joined");
}

#[tokio::test(start_paused = true)]
async fn who_was_removed_comes_back_only_when_somebody_adds_them() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let made = make(&mut giulia, room).await;
    // Who left comes back by a link.
    marco.leave(room).await.expect("left");
    join(&mut marco, made).await.expect("joined");
    giulia.remove(room, "marco").await.expect("removed");
    assert_eq!(refused(&mut marco, made).await, ErrorCode::Removed);
    world.restart().await;
    giulia = world.connect("giulia").await;
    marco = world.connect("marco").await;
    assert_eq!(refused(&mut marco, made).await, ErrorCode::Removed);
    giulia.add(room, &["marco"]).await.expect("added");
    marco.leave(room).await.expect("left");
    join(&mut marco, made).await.expect("joined");
}

#[tokio::test(start_paused = true)]
async fn who_is_removed_while_they_join_stays_out() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let made = make(&mut giulia, room).await;
    // All three wait for the one before them, so they are taken together.
    world.faults.set_plan(Plan { delay: Duration::from_millis(20), ..Plan::default() });
    let waiting = giulia.start(Command::CreateInvite(create_invite(giulia.key(), room))).await;
    let remove = RemoveMember { key: giulia.key(), room, user: user("marco") };
    let remove = giulia.start(Command::RemoveMember(remove)).await;
    let command = joining(&marco, made);
    let joined = marco.start(command).await;
    giulia.answer(waiting).await.expect("made");
    giulia.answer(remove).await.expect("removed");
    let _ = marco.answer(joined).await;
    assert_eq!(giulia.listed(room).await.expect("listed").members, 1);
    assert_eq!(code(join(&mut marco, made).await), ErrorCode::Removed);
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_by_the_link_of_somebody_from_whom_they_are_kept_apart() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&[]).await;
    let made = make(&mut giulia, room).await;
    world.deliver("1", blocks("giulia", "marco", 1)).await.expect("done");
    world.deliver("2", blocks("anna", "giulia", 1)).await.expect("done");
    assert_eq!(refused(&mut marco, made).await, ErrorCode::Forbidden);
    assert_eq!(refused(&mut anna, made).await, ErrorCode::Forbidden);
    assert_eq!(uses(&mut giulia, made).await, 0);
}

#[tokio::test(start_paused = true)]
async fn only_groups_have_links_and_only_people_come_by_them() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let mut service = world.service().await;
    let managed = service.ensure("meetup", RoomClass::Social, &["giulia"]).await;
    let managed = managed.expect("made").room;
    service.role(managed, "giulia", Role::Owner).await.expect("given");
    let direct = giulia.direct("marco").await.expect("made").room;
    for room in [managed, direct] {
        assert_eq!(code(try_make(&mut giulia, room, |_| {}).await), ErrorCode::RoomClass);
        assert_eq!(code(invites(&mut giulia, room).await), ErrorCode::RoomClass);
    }
    assert_eq!(code(try_make(&mut service, managed, |_| {}).await), ErrorCode::Forbidden);
    let room = giulia.group(&[]).await;
    let made = make(&mut giulia, room).await;
    assert_eq!(refused(&mut service, made).await, ErrorCode::Forbidden);
    assert_eq!(code(try_make(&mut service, room, |_| {}).await), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn links_have_limits() {
    let settings = Settings { members_per_room: 2, ..unhurried() };
    let world = World::with(settings).await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&[]).await;
    let wrong = [
        try_make(&mut giulia, room, |it| it.lifetime_seconds = 365 * 86_400 + 1).await,
        try_make(&mut giulia, room, |it| it.max_uses = 10_001).await,
    ];
    assert_eq!(wrong.map(code), [ErrorCode::Invalid; 2]);
    let nameless = try_make(&mut giulia, room, |it| it.name = Some(Text::cut(" ")));
    assert_eq!(code(nameless.await), ErrorCode::TextEmpty);
    let first = make(&mut giulia, room).await;
    let again = try_make(&mut giulia, room, |it| it.secret = first.secret).await;
    assert_eq!(code(again), ErrorCode::Conflict);
    for _ in 1..INVITES {
        make(&mut giulia, room).await;
    }
    let full = try_make(&mut giulia, room, |_| {}).await;
    assert_eq!(code(full), ErrorCode::LimitReached);
    join(&mut marco, first).await.expect("joined");
    assert_eq!(code(join(&mut anna, first).await), ErrorCode::LimitReached, "the room is full");
    // One that is over makes place, and is forgotten.
    revoke(&mut giulia, first).await.expect("revoked");
    let last = make(&mut giulia, room).await;
    assert_eq!(refused(&mut anna, first).await, ErrorCode::NotFound);
    let listed = invites(&mut giulia, room).await.expect("listed");
    assert_eq!((listed.len(), listed[0].invite), (INVITES, last.appended.position));
}

#[tokio::test(start_paused = true)]
async fn links_are_tried_at_a_bounded_rate() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    let made = make(&mut giulia, room).await;
    for _ in 0..INVITE_TRIES {
        preview(&mut marco, made).await.expect("a preview");
    }
    let error = preview(&mut marco, made).await.expect_err("too many");
    assert_eq!(error.code, ErrorCode::RateLimited);
    let wait = u64::from(error.retry_after_ms.expect("a time"));
    preview(&mut giulia, made).await.expect("others have their own");
    world.clock.advance(Duration::from_millis(wait));
    join(&mut marco, made).await.expect("joined");
}

#[tokio::test(start_paused = true)]
async fn links_and_their_uses_survive_a_restart() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, _anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&[]).await;
    let made = try_make(&mut giulia, room, |it| it.max_uses = 2).await.expect("made");
    join(&mut marco, made).await.expect("joined");
    world.restart().await;
    let mut anna = world.connect("anna").await;
    join(&mut anna, made).await.expect("joined");
    let mut giulia = world.connect("giulia").await;
    assert_eq!(uses(&mut giulia, made).await, 2);
    let mut luca = world.connect("luca").await;
    assert_eq!(refused(&mut luca, made).await, ErrorCode::InviteUsedUp);
}
