//! Users as the main app has them: in the order of their versions, before what tokens claim, and told to
//! whoever knows them.

use caffis_conformance::faulty::Fault;
use caffis_schema::{
    Command, Error, ErrorCode, Event, List, Outcome, Reply, Text,
    command::Profiles,
    hooks::{
        HookAnswer, HookEvent, HookResult,
        users::{UserDeleted, UserUpserted},
        values::{Url, Version},
    },
};
use futures_util::future::join_all;

use crate::{
    client::Client,
    harness::{World, code, user},
};

fn upserted(id: &str, version: u64, name: &str) -> HookEvent {
    HookEvent::UserUpserted(UserUpserted {
        id: user(id),
        version: Version::new(version).expect("a version"),
        name: Text::cut(name),
        picture: Url::new("https://app.example/p.png").ok(),
        locale: None,
        time_zone: None,
        quiet_hours: None,
        roles: List::default(),
    })
}

fn deleted(id: &str, version: u64) -> HookEvent {
    let version = Version::new(version).expect("a version");
    HookEvent::UserDeleted(UserDeleted { id: user(id), version })
}

fn applied(version: u64) -> Result<HookAnswer, Error> {
    Ok(HookAnswer { result: HookResult::Applied, version: Some(version), room: None })
}

fn ignored(version: u64) -> Result<HookAnswer, Error> {
    Ok(HookAnswer { result: HookResult::Ignored, version: Some(version), room: None })
}

/// A person's name, as somebody who is connected reads it.
async fn name(client: &mut Client, of: &str) -> Option<String> {
    let profiles = Profiles { users: List::cut(vec![user(of)]) };
    match client.ask(Command::Profiles(profiles)).await {
        Ok(Reply::Profiles(list)) => list.profiles.first().map(|p| p.name.to_string()),
        other => panic!("answered with {other:?}"),
    }
}

/// The names that a client was told of a person.
async fn told(client: &mut Client, of: &str) -> Vec<String> {
    let events = client.settle().await.into_iter();
    let names = events.filter_map(|event| match event {
        Event::Profile(profile) if profile.user == user(of) => Some(profile.name.to_string()),
        _ => None,
    });
    names.collect()
}

#[tokio::test(start_paused = true)]
async fn a_new_name_reaches_everybody_who_sees_it() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna, mut bea, mut carlo] =
        world.people(["giulia", "marco", "anna", "bea", "carlo"]).await;
    marco.direct("giulia").await.expect("made");
    let group = giulia.group(&["anna", "bea", "marco"]).await;
    for client in [&mut anna, &mut bea] {
        client.open(group).await.expect("opened");
    }
    for client in [&mut giulia, &mut marco, &mut anna, &mut bea] {
        client.settle().await;
    }
    assert_eq!(world.deliver("1", upserted("giulia", 1, "Giulia B.")).await, applied(1));
    for client in [&mut giulia, &mut marco, &mut anna, &mut bea] {
        assert_eq!(told(client, "giulia").await, ["Giulia B."]);
    }
    assert!(told(&mut carlo, "giulia").await.is_empty(), "he has nothing to do with her");
    assert_eq!(name(&mut carlo, "giulia").await.as_deref(), Some("Giulia B."));
}

#[tokio::test(start_paused = true)]
async fn who_is_not_connected_is_told_of_too() {
    let world = World::unhurried().await;
    let [mut marco, mut anna] = world.people(["marco", "anna"]).await;
    let giulia = world.connect("giulia").await;
    marco.direct("giulia").await.expect("made");
    let group = anna.group(&["giulia"]).await;
    anna.open(group).await.expect("opened");
    drop(giulia);
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    marco.settle().await;
    anna.settle().await;
    world.deliver("1", upserted("giulia", 1, "Giulia B.")).await.expect("applied");
    for client in [&mut marco, &mut anna] {
        assert_eq!(told(client, "giulia").await, ["Giulia B."]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_mirror_wins_over_claims_whichever_comes_first() {
    let mut world = World::unhurried().await;
    let mut early = world.connect("early;name=Claimed").await;
    assert_eq!(&*early.welcome().profile.name, "Claimed");
    for id in ["early", "late"] {
        world.deliver(id, upserted(id, 3, "Mirrored")).await.expect("applied");
    }
    assert_eq!(told(&mut early, "early").await, ["Mirrored"]);
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        for id in ["early", "late"] {
            for claims in ["", ";name=Claimed again"] {
                let client = world.connect(&format!("{id}{claims}")).await;
                let profile = &client.welcome().profile;
                assert_eq!(&*profile.name, "Mirrored", "{id}{claims} {restarted}");
                assert_eq!(profile.picture.as_deref(), Some("https://app.example/p.png"));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn versions_apply_in_their_order_wherever_they_arrive() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    assert_eq!(world.deliver("a", upserted("u", 5, "Five")).await, applied(5));
    assert_eq!(world.deliver("b", upserted("u", 4, "Four")).await, ignored(5));
    assert_eq!(world.deliver("c", upserted("u", 5, "Five")).await, applied(5));
    assert_eq!(code(world.deliver("d", upserted("u", 5, "Cinque")).await), ErrorCode::Conflict);
    assert_eq!(code(world.deliver("e", deleted("u", 5)).await), ErrorCode::Conflict);
    assert_eq!(name(&mut giulia, "u").await.as_deref(), Some("Five"));
    // Many at once, in any order, on all nodes.
    let order: Vec<u64> = (0..60).map(|n| 6 + (n * 37) % 60).collect();
    let answers = join_all(order.iter().map(|version| {
        let event = upserted("u", *version, &format!("Version {version}"));
        let (world, id) = (&world, format!("many-{version}"));
        async move { world.deliver(&id, event).await }
    }))
    .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(name(&mut giulia, "u").await.as_deref(), Some("Version 65"));
}

#[tokio::test(start_paused = true)]
async fn two_contents_of_one_version_at_once_leave_one() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    for version in 1..20 {
        let (one, other) = (format!("one-{version}"), format!("other-{version}"));
        let answers = tokio::join!(
            world.deliver(&one, upserted("u", version, "One")),
            world.deliver(&other, upserted("u", version, "Other")),
        );
        let winner = match answers {
            (Ok(_), Err(error)) if error.code == ErrorCode::Conflict => "One",
            (Err(error), Ok(_)) if error.code == ErrorCode::Conflict => "Other",
            other => panic!("{other:?}"),
        };
        assert_eq!(name(&mut giulia, "u").await.as_deref(), Some(winner));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_id_gets_the_same_answer() {
    let mut world = World::unhurried().await;
    let copies = join_all((0..10).map(|_| world.deliver("a", upserted("u", 1, "One")))).await;
    assert!(copies.iter().all(|answer| *answer == applied(1)), "{copies:?}");
    assert_eq!(world.deliver("b", upserted("u", 2, "Two")).await, applied(2));
    world.restart().await;
    // A newer one is known by now, but that is how it was.
    assert_eq!(world.deliver("a", upserted("u", 1, "One")).await, applied(1));
    assert_eq!(world.deliver("c", upserted("u", 1, "One")).await, ignored(2));
    let other = world.deliver("a", upserted("u", 3, "Three")).await;
    assert_eq!(code(other), ErrorCode::ClientIdReused);
    let mut giulia = world.connect("giulia").await;
    assert_eq!(name(&mut giulia, "u").await.as_deref(), Some("Two"));
}

#[tokio::test(start_paused = true)]
async fn what_the_store_did_not_take_is_not_acknowledged() {
    for fault in [
        Fault::Unavailable,
        Fault::Full,
        Fault::UnknownLost,
        Fault::UnknownWritten,
        Fault::UnknownPartly,
    ] {
        let world = World::unhurried().await;
        let [mut giulia, _] = world.people(["giulia", "u"]).await;
        giulia.direct("u").await.expect("made");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        giulia.settle().await;
        world.faults.fail_next_write(fault);
        let error = world.deliver("a", upserted("u", 1, "One")).await.expect_err("not durable");
        assert!(error.retry_after_ms.is_some(), "{fault:?}: {error:?}");
        let known = matches!(fault, Fault::Unavailable | Fault::Full);
        assert_eq!(error.outcome == Outcome::Refused, known, "{fault:?}");
        assert_eq!(world.deliver("a", upserted("u", 1, "One")).await, applied(1), "{fault:?}");
        assert_eq!(name(&mut giulia, "u").await.as_deref(), Some("One"), "{fault:?}");
        let told = told(&mut giulia, "u").await;
        assert!(told.iter().all(|name| name == "One") && !told.is_empty(), "{fault:?}: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_user_is_out_until_they_come_back() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let mut marco = world.connect("marco;name=Marco").await;
    giulia.direct("marco").await.expect("made");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(world.deliver("a", deleted("marco", 9)).await, applied(9));
    assert_eq!(marco.raw.closed().await, caffis_schema::CloseCode::Revoked);
    assert_eq!(name(&mut giulia, "marco").await.as_deref(), Some("Deleted user"));
    world.clock.advance(std::time::Duration::from_secs(1));
    let mut raw = world.link();
    raw.hello("marco;name=Marco", Vec::new()).await;
    assert_eq!(code(raw.answer(0).await), ErrorCode::TokenRevoked);
    assert_eq!(world.deliver("b", upserted("marco", 8, "Marco")).await, ignored(9));
    assert_eq!(world.deliver("c", upserted("marco", 10, "Marco R.")).await, applied(10));
    let back = world.connect("marco").await;
    assert_eq!(&*back.welcome().profile.name, "Marco R.");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_can_see_is_refused() {
    let world = World::unhurried().await;
    for blank in ["", " ", "\u{200b}\u{202e}"] {
        let answer = world.deliver("a", upserted("u", 1, blank)).await;
        assert_eq!(code(answer), ErrorCode::Invalid, "{blank:?}");
    }
    assert_eq!(world.deliver("a", upserted("u", 1, "\u{202e}One")).await, applied(1));
    let mut giulia = world.connect("giulia").await;
    assert_eq!(name(&mut giulia, "u").await.as_deref(), Some("One"));
}
