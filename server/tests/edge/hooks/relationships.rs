//! Blocking, from a webhook to the clients.

use caffis_schema::{ErrorCode, Event, room::Availability};
use serde_json::json;

use super::{Sending, setup};
use crate::common::{Over, Person};

/// Waits until somebody is shown as offline; before that they may have been shown as they were.
async fn goes_offline(person: &mut Person, of: &str) {
    let offline = |event| match event {
        Event::Presence(presence) if presence.user.as_str() == of => {
            (presence.availability == Availability::Offline).then_some(())
        }
        _ => None,
    };
    person.event(offline).await;
}

#[tokio::test]
async fn a_block_reaches_both_on_every_transport() {
    let setup = setup();
    let mut server = setup.start().await;
    for (number, over) in Over::ALL.into_iter().enumerate() {
        let (giulia, marco) = (format!("giulia-{number}"), format!("marco-{number}"));
        let data = |version: u64| json!({"user": giulia, "other": marco, "version": version});
        let mut one = Person::enter(&server, &giulia, over).await;
        let mut other = Person::enter(&server, &marco, Over::WebSocket).await;
        let room = one.direct(&marco).await;
        other.direct(&giulia).await;
        other.say(room, "before").await.unwrap();
        let id = format!("block-{number}");
        let sending = Sending::new(&id, "relationship.blocked", &data(1));
        assert_eq!(sending.send(&server).await.0, 200);
        goes_offline(&mut one, &marco).await;
        goes_offline(&mut other, &giulia).await;
        for person in [&mut one, &mut other] {
            assert_eq!(person.say(room, "after").await.unwrap_err().code, ErrorCode::Forbidden);
        }
        drop((one, other));
        if number == 0 {
            server.kill().await;
            server = setup.start().await;
        }
        let mut other = Person::enter(&server, &marco, over).await;
        assert_eq!(other.say(room, "after").await.unwrap_err().code, ErrorCode::Forbidden);
        let id = format!("unblock-{number}");
        let sending = Sending::new(&id, "relationship.unblocked", &data(2));
        assert_eq!(sending.send(&server).await.0, 200);
        other.say(room, "again").await.unwrap();
    }
}

#[tokio::test]
async fn a_clean_break_takes_the_conversation_from_both_on_every_transport() {
    let server = setup().start().await;
    for (number, over) in Over::ALL.into_iter().enumerate() {
        let (giulia, marco) = (format!("giulia-{number}"), format!("marco-{number}"));
        let mut one = Person::enter(&server, &giulia, over).await;
        let mut other = Person::enter(&server, &marco, over).await;
        let room = one.direct(&marco).await;
        one.say(room, "ciao").await.unwrap();
        let data = json!({"user": marco, "other": giulia, "version": 1});
        let id = format!("break-{number}");
        let sending = Sending::new(&id, "relationship.disconnected", &data);
        assert_eq!(sending.send(&server).await.0, 200);
        for person in [&mut one, &mut other] {
            person
                .event(|event| match event {
                    Event::RoomRemoved(removed) => (removed.room == room).then_some(()),
                    _ => None,
                })
                .await;
            assert_eq!(person.open(room).await.unwrap_err().code, ErrorCode::NotFound);
        }
    }
    let itself = json!({"user": "marco", "other": "marco", "version": 1});
    let sending = Sending::new("evt-2", "relationship.blocked", &itself);
    assert_eq!(sending.send(&server).await.0, 422);
}
