//! Coming back: what was missed is made whole, or honestly said to be too much.

use std::time::Duration;

use caffis_schema::{
    Command, Event, List, Reply,
    command::{AddMembers, RemoveMember},
    room::HistoryPolicy,
};

use crate::{
    common::{Over, Setup, soon},
    friend::Friend,
};

/// Somebody of each kind of link, and somebody who stays.
async fn pairs(setup: &Setup) -> (crate::common::Server, Friend, [Friend; 2]) {
    let server = setup.start().await;
    let giulia = Friend::enter(&server, "giulia", Over::WebSocket).await;
    let marco = Friend::enter(&server, "marco", Over::Quic).await;
    let luca = Friend::enter(&server, "luca", Over::WebSocket).await;
    (server, giulia, [marco, luca])
}

#[tokio::test]
async fn a_cut_of_a_second_is_made_whole_and_what_was_not_sent_arrives_once() {
    let (_server, giulia, away) = pairs(&Setup::dev()).await;
    let room = giulia.group(&[&away[0], &away[1]]).await;
    giulia.say(room, "before").await;
    for friend in &away {
        friend.hears(room, "before").await;
        friend.plug.pull();
    }
    let unsent: Vec<_> = away
        .iter()
        .flat_map(|friend| (0..3).map(|n| friend.begin(room, &format!("{} {n}", friend.user))))
        .collect();
    for number in 0..5 {
        giulia.say(room, &format!("missed {number}")).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(unsent.iter().all(|sending| !sending.is_finished()));
    away.iter().for_each(|friend| friend.plug.put_back());
    for sending in unsent {
        soon("the answer", sending).await.unwrap().unwrap();
    }
    giulia.say(room, "after").await;
    let mut logs = Vec::new();
    for friend in [&giulia, &away[0], &away[1]] {
        friend.hears(room, "after").await;
        friend.is_whole();
        friend.heard(|heard| assert!(heard.resets.is_empty()));
        logs.push(friend.heard(|heard| heard.texts(room)));
    }
    assert!(logs.iter().all(|log| *log == logs[0]), "{logs:?}");
    let mut once = logs[0].clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), 1 + 5 + 6 + 1, "{:?}", logs[0]);
    for friend in &away {
        let name = friend.user.as_str();
        let own: Vec<_> = logs[0].iter().filter(|text| text.starts_with(name)).collect();
        assert_eq!(own, [&format!("{name} 0"), &format!("{name} 1"), &format!("{name} 2")]);
    }
}

#[tokio::test]
async fn too_much_missed_is_said_and_the_room_is_loaded_again() {
    let few = ["--resume-entries", "10", "--ring-entries", "10", "--messages-per-second", "1000"];
    let (_server, giulia, away) = pairs(&Setup::dev().flags(&few)).await;
    let room = giulia.group(&[&away[0], &away[1]]).await;
    giulia.say(room, "before").await;
    for friend in &away {
        friend.hears(room, "before").await;
        friend.plug.pull();
    }
    for number in 0..9 {
        giulia.say(room, &format!("missed {number}")).await;
    }
    away[0].plug.put_back();
    away[0].hears(room, "missed 8").await;
    for number in 9..12 {
        giulia.say(room, &format!("missed {number}")).await;
    }
    away[1].plug.put_back();
    away[1].hears(room, "missed 11").await;
    away[0].hears(room, "missed 11").await;
    away[0].heard(|heard| assert!(heard.resets.is_empty(), "nine are not too many"));
    away[1].heard(|heard| assert_eq!(heard.resets, [room], "twelve are"));
    giulia.say(room, "after").await;
    for friend in &away {
        friend.hears(room, "after").await;
        friend.is_whole();
    }
    assert_eq!(away[1].heard(|h| h.texts(room)), giulia.heard(|h| h.texts(room)));
}

#[tokio::test]
async fn an_absence_longer_than_entries_are_kept_is_a_reset() {
    let setup = Setup::dev().flags(&["--entry-retention", "2s"]);
    let (server, giulia, [marco, luca]) = pairs(&setup).await;
    let room = giulia.group(&[&marco, &luca]).await;
    giulia.say(room, "before").await;
    marco.hears(room, "before").await;
    luca.hears(room, "before").await;
    marco.plug.pull();
    add(&giulia, room, &["aiko"]).await;
    giulia.say(room, "Welcome, Aiko").await;
    luca.hears(room, "Welcome, Aiko").await;
    luca.plug.pull();
    // The entry of Aiko's coming ends meanwhile; a new process has it in no memory either.
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    let setup = setup.flags(&["--listen", &server.tcp().to_string()]);
    server.kill().await;
    let _server = setup.start().await;
    giulia.say(room, "after").await;
    for friend in [&marco, &luca] {
        friend.plug.put_back();
        friend.hears(room, "after").await;
        friend.is_whole();
    }
    marco.heard(|heard| assert_eq!(heard.resets, [room], "something that he missed is gone"));
    luca.heard(|heard| assert!(heard.resets.is_empty(), "he had heard what is gone"));
}

#[tokio::test]
async fn a_cut_while_members_come_and_go_ends_where_the_membership_does() {
    let (_server, giulia, [marco, luca]) = pairs(&Setup::dev()).await;
    let room = giulia.group(&[&marco]).await;
    giulia.say(room, "before").await;
    marco.hears(room, "before").await;
    marco.plug.pull();
    luca.plug.pull();
    let remove = RemoveMember { key: giulia.client.key(room), room, user: marco.user.clone() };
    soon("the removal", giulia.client.call(Command::RemoveMember(remove))).await.unwrap();
    add(&giulia, room, &["luca"]).await;
    giulia.say(room, "without Marco").await;
    let late = marco.begin(room, "may I?");
    marco.plug.put_back();
    luca.plug.put_back();
    marco
        .until("the end of his membership", |heard| heard.gone.contains(&room).then_some(()))
        .await;
    assert!(soon("the refusal", late).await.unwrap().is_err());
    luca.open(room).await;
    luca.hears(room, "without Marco").await;
    giulia.say(room, "after").await;
    luca.hears(room, "after").await;
    assert_eq!(marco.heard(|heard| heard.texts(room)), ["before"]);
    assert!(!giulia.heard(|heard| heard.texts(room)).contains(&"may I?".to_owned()));
}

#[tokio::test]
async fn a_room_that_was_made_during_a_cut_is_there_afterwards() {
    let (_server, giulia, [marco, luca]) = pairs(&Setup::dev()).await;
    marco.plug.pull();
    let users = vec![marco.user.clone(), luca.user.clone()];
    let group = giulia.client.create_group("new", users, HistoryPolicy::All);
    let room = soon("the group", group).await.unwrap().room;
    giulia.open(room).await;
    luca.until("the new room", |heard| {
        let added = |event: &Event| matches!(event, Event::RoomAdded(added) if added.room == room);
        heard.events.iter().any(added).then_some(())
    })
    .await;
    marco.plug.put_back();
    marco.open(room).await;
    giulia.say(room, "welcome").await;
    marco.hears(room, "welcome").await;
    marco.is_whole();
}

#[tokio::test]
async fn somebody_joins_by_a_link_while_their_connection_breaks() {
    let (_server, giulia, [marco, luca]) = pairs(&Setup::dev()).await;
    let group = giulia.client.create_group("new", vec![marco.user.clone()], HistoryPolicy::All);
    let room = soon("the group", group).await.unwrap().room;
    giulia.open(room).await;
    let made = giulia.client.create_invite(room, (60, 1), None);
    let (secret, invite) = soon("the link", made).await.unwrap();
    let seen = soon("the preview", luca.client.invite_preview(room, secret)).await.unwrap();
    assert_eq!((&seen.by.user, seen.members), (&giulia.user, 2));
    luca.plug.pull();
    let client = luca.client.clone();
    let joining = tokio::spawn(async move { client.join_by_invite(room, secret).await });
    luca.plug.put_back();
    soon("the answer", joining).await.unwrap().unwrap();
    luca.open(room).await;
    giulia.say(room, "welcome").await;
    luca.hears(room, "welcome").await;
    let listed = soon("the links", giulia.client.invites(room)).await.unwrap();
    assert_eq!((listed[0].invite, listed[0].uses), (invite, 1));
    soon("the end", giulia.client.revoke_invite(room, invite)).await.unwrap();
    luca.is_whole();
}

async fn add(friend: &Friend, room: caffis_schema::RoomId, users: &[&str]) {
    let users = users.iter().map(|user| caffis_schema::UserId::new(user).unwrap()).collect();
    let add = AddMembers { key: friend.client.key(room), room, users: List::new(users).unwrap() };
    let reply = soon("the new member", friend.client.call(Command::AddMembers(add))).await.unwrap();
    assert!(matches!(reply, Reply::Appended(_) | Reply::Done(_)), "{reply:?}");
}
