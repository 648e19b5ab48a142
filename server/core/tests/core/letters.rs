//! Webhooks that are given up: when, and how they are sent again.

use std::{collections::BTreeSet, time::Duration};

use caffis_core::{Core, outgoing::Letters};

use crate::{
    outgoing::{MESSAGES, SOON, check, dead, parked, pass, pass_long, rooms, write},
    receiver::{Mood, Receiver},
};

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
    assert_eq!(parked(&world).await, []);
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
    assert_eq!(parked(&world).await, []);
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
    assert!(letters[0].body.windows(2).any(|part| part == b"m1"));
}

#[tokio::test(start_paused = true)]
async fn dead_letters_are_found_and_sent_again_as_they_were() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES), ("good", MESSAGES)], 8).await;
    receiver.set("push", Mood::SaysTo("m1", 400));
    write(&world, &rooms, 0..3).await;
    pass(&world, SOON).await;
    let all = Letters::default();
    let letters = world.core.dead_letters(&all).await.expect("listed");
    assert_eq!(letters.len(), rooms.len());
    let other = Letters { endpoint: Some("good".to_owned()), ..all.clone() };
    assert!(world.core.dead_letters(&other).await.expect("listed").is_empty());
    let one = Letters { id: Some(letters[3].id.to_string()), ..all.clone() };
    assert_eq!(world.core.dead_letters(&one).await.expect("listed"), letters[3..4]);
    // Still refused: it stays, and the others are not tried.
    let owned = |node: &Core| node.clone();
    for node in world.nodes().iter().map(owned) {
        let done = node.redrive(&all).await.expect("tried");
        assert_eq!((done.delivered, done.left + done.elsewhere), (0, rooms.len()));
        assert_eq!(done.failed.expect("a reason").1, "400");
    }
    receiver.set("push", None);
    let mut delivered = 0;
    for node in world.nodes().iter().map(owned) {
        let done = node.redrive(&all).await.expect("tried");
        assert_eq!((done.left, done.failed), (0, None));
        delivered += done.delivered;
    }
    assert_eq!(delivered, rooms.len());
    assert_eq!(dead(&world, "push").await, []);
    let again = receiver.taken("push").split_off(2 * rooms.len());
    for (seen, letter) in again.iter().zip(&letters) {
        assert_eq!(serde_json::to_vec(&seen.body).expect("JSON").len(), letter.body.len());
    }
    let ids = |seen: Vec<String>| seen.into_iter().collect::<BTreeSet<_>>();
    let again = ids(again.into_iter().map(|seen| seen.id).collect());
    assert_eq!(again, ids(letters.iter().map(|row| row.id.to_string()).collect()));
}
