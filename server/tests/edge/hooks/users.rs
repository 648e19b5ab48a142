//! Users of the main app.

use caffis_schema::Event;
use serde_json::{Value, json};

use super::{NEXT_SECRET, Sending, setup};
use crate::common::{Over, Person};

fn user(id: &str, version: u64, name: &str) -> Value {
    json!({"id": id, "version": version, "name": name, "picture": "https://app.example/p.png",
        "locale": "it-IT", "time_zone": "Europe/Rome",
        "quiet_hours": {"start": "22:00", "end": "07:00"}, "roles": ["member", "Borrower Admin"]})
}

async fn name_of(person: &mut Person, user: &str) -> String {
    person
        .event(|event| match event {
            Event::Profile(profile) if profile.user.as_str() == user => {
                Some(profile.name.to_string())
            }
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_changed_name_reaches_clients_on_every_transport() {
    let server = setup().start().await;
    let mut clients = Vec::new();
    for (name, over) in ["anna", "marco", "sara", "luca", "aiko"].into_iter().zip(Over::ALL) {
        let mut person = Person::enter(&server, name, over).await;
        person.direct("giulia").await;
        clients.push(person);
    }
    let (status, answer) =
        Sending::new("evt-1", "user.upserted", &user("giulia", 1, "Giulia B.")).send(&server).await;
    assert_eq!((status, answer), (200, json!({"result": "applied", "version": 1, "room": null})));
    for client in &mut clients {
        assert_eq!(name_of(client, "giulia").await, "Giulia B.");
    }
}

#[tokio::test]
async fn a_mirror_survives_a_kill_and_the_same_id_gets_the_same_answer() {
    let setup = setup();
    let server = setup.start().await;
    let first = Sending::new("evt-1", "user.upserted", &user("nora", 1, "Nora"));
    let second = Sending::new("evt-2", "user.upserted", &user("nora", 2, "Nora R."));
    for sending in [&second, &first] {
        assert_eq!(sending.send(&server).await.0, 200);
    }
    server.kill().await;
    let server = setup.start().await;
    let nora = |server| async move {
        let mut person = Person::stranger(server, Over::WebSocket).await;
        person.greet(&crate::common::token_of("nora")).await.unwrap().profile
    };
    assert_eq!(&*nora(&server).await.name, "Nora R.");
    let ignored = json!({"result": "ignored", "version": 2, "room": null});
    assert_eq!(first.send(&server).await, (200, ignored));
    assert_eq!(
        second.send(&server).await,
        (200, json!({"result": "applied", "version": 2, "room": null}))
    );
    // The secret that takes the first one's place signs too.
    let mut rotated = Sending::new("evt-3", "user.upserted", &user("nora", 3, "Nora Z."));
    rotated.secret = NEXT_SECRET;
    assert_eq!(rotated.send(&server).await.0, 200);
    assert_eq!(&*nora(&server).await.name, "Nora Z.");
}

#[tokio::test]
async fn a_deleted_user_is_cut_off_on_every_transport() {
    let server = setup().start().await;
    let mut people = Vec::new();
    for (number, over) in Over::ALL.into_iter().enumerate() {
        let user = format!("marco-{number}");
        people.push((Person::enter(&server, &user, over).await, user, over));
    }
    // A token's time has whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    for (mut person, user, over) in people {
        let data = json!({"id": user, "version": 1});
        let mut sending = Sending::new(&user, "user.deleted", &data);
        sending.source = "map";
        assert_eq!(sending.send(&server).await.0, 200);
        assert_eq!(person.farewell().await.code, caffis_schema::CloseCode::Revoked.number());
        let mut person = Person::stranger(&server, over).await;
        let refusal = person.greet(&crate::common::token_of(&user)).await.unwrap_err();
        assert_eq!(refusal.error.code, caffis_schema::ErrorCode::TokenRevoked);
    }
}
