//! Webhooks that are given up: when, and how they are sent again.

use std::{collections::BTreeSet, time::Duration};

use caffis_core::{
    Inquirer,
    model::{caller::Rights, webhooks::DeadLetterFilter},
    outgoing::DEAD_PER_SHARD,
};
use caffis_schema::{
    Command, ErrorCode,
    command::{Delete, Edit},
};

use crate::{
    harness::{code, text, user},
    outgoing::{MESSAGES, SOON, check, dead, pass, pass_long, rooms, waiting, write},
    receiver::{Mood, Receiver},
};

/// A service that may manage webhooks.
fn manager() -> Inquirer {
    let rights = Rights { manage_webhooks: true, ..Rights::default() };
    Inquirer { user: user("service:ops"), service: Some(rights) }
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(start_paused = true)]
async fn what_has_failed_for_a_day_is_a_dead_letter_and_the_room_goes_on() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES)], 2).await;
    receiver.set("push", Mood::Says(500, None));
    write(&world, &rooms[..1], 0..1).await;
    pass_long(&world, DAY / 2).await;
    write(&world, &rooms, 1..2).await;
    pass_long(&world, DAY / 4).await;
    assert_eq!(dead(&world, "push").await, []);
    pass_long(&world, DAY / 4 + Duration::from_secs(1_000)).await;
    let letters = dead(&world, "push").await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(&*letters[0].id, format!("evt_{}_2_push", rooms[0]));
    assert!(letters[0].reason.starts_with("500") && letters[0].attempts > 20, "{letters:?}");
    // What happened later has its own day.
    receiver.set("push", None);
    pass(&world, Duration::from_secs(1_000)).await;
    check(&receiver, "push", &rooms, 1..2);
    assert_eq!(dead(&world, "push").await.len(), 1);
    assert_eq!(waiting(&world).await, []);
    let statistics = world.nodes().iter().flat_map(|node| node.endpoints());
    assert_eq!(statistics.map(|endpoint| endpoint.dead).sum::<u64>(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_comes_back_keeps_no_room_for_ever() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES)], 30).await;
    receiver.set("push", Mood::Gone);
    write(&world, &rooms, 0..1).await;
    pass_long(&world, DAY + Duration::from_secs(2_000)).await;
    assert_eq!(dead(&world, "push").await.len(), rooms.len());
    assert_eq!(waiting(&world).await, []);
}

#[tokio::test(start_paused = true)]
async fn what_a_receiver_will_never_take_is_a_dead_letter_at_once() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES)], 2).await;
    receiver.set("push", Mood::SaysTo("m1", 422));
    write(&world, &rooms, 0..4).await;
    pass(&world, SOON).await;
    let told = receiver.messages("push");
    for room in &rooms {
        assert_eq!(told[&room.to_string()], ["m0", "m2", "m3"]);
    }
    let letters = dead(&world, "push").await;
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|row| row.attempts == 1 && &*row.reason == "422"), "{letters:?}");
}

#[tokio::test(start_paused = true)]
async fn the_oldest_make_room_where_there_are_too_many() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES)], 1).await;
    receiver.set("push", Mood::Says(422, None));
    write(&world, &rooms, 0..DEAD_PER_SHARD).await;
    pass(&world, 30 * SOON).await;
    let full = dead(&world, "push").await;
    assert_eq!(full.len(), DEAD_PER_SHARD);
    write(&world, &rooms, 0..1).await;
    pass(&world, SOON).await;
    let left = dead(&world, "push").await;
    let gone = DEAD_PER_SHARD / 10;
    assert_eq!(left[..left.len() - 1], full[gone..]);
}

#[tokio::test(start_paused = true)]
async fn dead_letters_of_all_nodes_are_found_and_sent_again_on_any_node() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES), ("good", MESSAGES)], 8).await;
    receiver.set("push", Mood::SaysTo("m1", 400));
    write(&world, &rooms, 0..3).await;
    pass(&world, SOON).await;
    let by = manager();
    let kept = dead(&world, "push").await;
    assert_eq!(kept.len(), rooms.len());
    for node in world.nodes() {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = node.dead_letters(&by, None, after.as_deref(), 3).await.expect("listed");
            assert!(page.letters.len() <= 3);
            found.extend(page.letters.iter().map(|letter| letter.id.to_string()));
            let Some(next) = page.next else { break };
            after = Some(next.to_string());
        }
        assert!(found.iter().map(String::as_str).eq(kept.iter().map(|row| &*row.id)), "{found:?}");
        let none = node.dead_letters(&by, Some("good"), None, 50).await.expect("listed");
        assert_eq!((none.letters.len(), none.next), (0, None));
        for letter in &kept {
            let shown = node.dead_letter(&by, &letter.id).await.expect("inspected");
            assert_eq!(shown.letter.position, letter.position);
            assert!(shown.body.expect("a body").contains("\"preview\":\"m1\""));
        }
        let states = node.endpoint_states(&by).await.expect("told");
        let names: Vec<_> = states.endpoints.iter().map(|state| state.endpoint.as_str()).collect();
        assert_eq!((names, states.silent_shards), (vec!["good", "push"], 0));
        assert_eq!(states.endpoints[1].dead, rooms.len() as u64);
        assert_eq!(states.endpoints[0].delivered, 3 * rooms.len() as u64);
        // Still refused: they stay.
        let done = node.redrive(&by, &DeadLetterFilter::default()).await.expect("tried");
        assert_eq!((done.delivered, done.left), (0, rooms.len() as u32));
        assert!(done.failed.iter().all(|failed| &*failed.reason == "400") && !done.more);
        assert_eq!(done.failed.len(), world.nodes().len(), "each node tries one of its own");
    }
    receiver.set("push", None);
    let last = world.nodes().last().expect("a node");
    let one = DeadLetterFilter { endpoint: None, id: Some(kept[3].id.to_string()) };
    let done = last.redrive(&by, &one).await.expect("sent");
    assert_eq!((done.delivered, done.left, done.failed.len()), (1, 0, 0));
    assert_eq!(code(last.redrive(&by, &one).await), ErrorCode::NotFound);
    assert_eq!(code(last.dead_letter(&by, &kept[3].id).await), ErrorCode::NotFound);
    let push = DeadLetterFilter { endpoint: Some("push".to_owned()), id: None };
    let done = last.redrive(&by, &push).await.expect("sent");
    assert_eq!((done.delivered as usize, done.left, done.silent_shards), (rooms.len() - 1, 0, 0));
    assert_eq!(dead(&world, "push").await, []);
    let again = receiver.taken("push").split_off(2 * rooms.len());
    let ids = |seen: Vec<String>| seen.into_iter().collect::<BTreeSet<_>>();
    let again = ids(again.into_iter().map(|seen| seen.id).collect());
    assert_eq!(again, ids(kept.iter().map(|row| row.id.to_string()).collect()));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_says_nothing_that_was_deleted_or_edited_away() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", &["chat.message.created"])], 1).await;
    receiver.set("push", Mood::Says(422, None));
    let mut giulia = world.connect("giulia").await;
    let deleted = giulia.send(rooms[0], "what was deleted").await.expect("sent").position;
    let edited = giulia.send(rooms[0], "what was edited").await.expect("sent").position;
    pass(&world, SOON).await;
    assert_eq!(dead(&world, "push").await.len(), 2);
    let room = rooms[0];
    let delete = Delete { key: giulia.key(), room, position: deleted };
    giulia.ask(Command::Delete(delete)).await.expect("deleted");
    let body = text("what it says now");
    let edit = Edit::words(giulia.key(), room, edited, body);
    giulia.ask(Command::Edit(edit)).await.expect("edited");
    let by = manager();
    for node in world.nodes() {
        for (position, words) in [(deleted, "\"preview\":\"\""), (edited, "what it says now")] {
            let id = format!("evt_{room}_{position}_push");
            let body = node.dead_letter(&by, &id).await.expect("inspected").body.expect("a body");
            assert!(body.contains(words) && !body.contains("what was"), "{body}");
        }
    }
    receiver.set("push", None);
    let done = world.nodes()[0].redrive(&by, &DeadLetterFilter::default()).await.expect("sent");
    assert_eq!((done.delivered, done.left), (2, 0));
    let told = receiver.messages("push");
    assert_eq!(told[&room.to_string()], ["", "what it says now"]);
}

#[tokio::test(start_paused = true)]
async fn only_a_service_with_the_right_manages_webhooks() {
    let receiver = Receiver::default();
    let (world, _) = rooms(&receiver, &[("push", MESSAGES)], 1).await;
    let mut others = Rights::USUAL;
    assert!(others.grant("history") && others.grant("people"));
    let all = DeadLetterFilter::default();
    for (name, service) in [("giulia", None), ("service:rest", Some(others))] {
        let by = Inquirer { user: user(name), service };
        let core = &world.core;
        assert_eq!(code(core.endpoint_states(&by).await), ErrorCode::Forbidden);
        assert_eq!(code(core.dead_letters(&by, None, None, 50).await), ErrorCode::Forbidden);
        assert_eq!(code(core.dead_letter(&by, "evt_x").await), ErrorCode::Forbidden);
        assert_eq!(code(core.redrive(&by, &all).await), ErrorCode::Forbidden);
    }
    let (by, core) = (manager(), &world.core);
    for id in ["", "evt_x", "evt_0123456789abcdef_12_push"] {
        assert_eq!(code(core.dead_letter(&by, id).await), ErrorCode::NotFound, "{id}");
    }
    for after in ["", "x", "1.x", "-1.evt_0123456789abcdef_12_push", "99999999999999999999.evt_"] {
        let page = core.dead_letters(&by, None, Some(after), 50).await;
        assert_eq!(code(page), ErrorCode::Invalid, "{after}");
    }
    let page = core.dead_letters(&by, Some("nobody"), None, 50).await;
    assert_eq!(code(page), ErrorCode::NotFound);
    let nobody = DeadLetterFilter { endpoint: Some("nobody".to_owned()), id: None };
    assert_eq!(code(core.redrive(&by, &nobody).await), ErrorCode::NotFound);
}
