//! Two devices of one person, a network that changes, and people who vanish.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use caffis_client::State;
use caffis_schema::{
    Event, MessageNumber, UserId,
    room::{Availability, Marker},
};

use crate::{
    common::{Over, Setup, soon},
    friend::Friend,
    plug::Plug,
};

#[tokio::test]
async fn two_devices_agree_on_what_is_read_and_on_who_is_there() {
    let server = Setup::dev().flags(&["--offline-grace", "200ms"]).start().await;
    let giulia = Friend::enter(&server, "giulia", Over::WebSocket).await;
    let phone = Friend::enter(&server, "marco", Over::Quic).await;
    let laptop = Friend::enter(&server, "marco", Over::WebSocket).await;
    let room = giulia.group(&[&phone]).await;
    laptop.open(room).await;
    for number in 1..=3 {
        giulia.say(room, &format!("message {number}")).await;
    }
    for device in [&phone, &laptop] {
        device.hears(room, "message 3").await;
    }
    soon("the marker", phone.client.mark_read(room, MessageNumber(2))).await.unwrap();
    for device in [&phone, &laptop] {
        let own = device
            .until("the read marker", |heard| {
                heard.events.iter().rev().find_map(|event| match event {
                    Event::OwnRead(own) if own.room == room => Some(own.clone()),
                    _ => None,
                })
            })
            .await;
        assert_eq!((own.read.get(), own.unread), (2, 1));
    }
    giulia
        .until("Marco's marker", |heard| {
            heard.events.iter().find_map(|event| match event {
                Event::Markers(told) => {
                    let read = |marker: &Marker| {
                        marker.user == phone.user && marker.read == MessageNumber(2)
                    };
                    told.markers.iter().any(read).then_some(())
                }
                _ => None,
            })
        })
        .await;

    giulia.sees("marco", Availability::Online).await;
    phone.client.dispose().await;
    phone
        .until("the end", |heard| {
            matches!(heard.states.last(), Some(State::Ended(_))).then_some(())
        })
        .await;
    giulia.say(room, "still there?").await;
    laptop.hears(room, "still there?").await;
    giulia.heard(|heard| {
        let states = heard.events.iter().filter_map(|event| match event {
            Event::Presence(presence) if presence.user == laptop.user => Some(presence),
            _ => None,
        });
        let offline = |availability| availability == Availability::Offline;
        assert!(!states.map(|p| p.availability).any(offline), "one device is still there");
    });
    laptop.client.dispose().await;
    giulia.sees("marco", Availability::Offline).await;
}

#[tokio::test]
async fn a_quic_client_moves_to_another_address_and_its_session_goes_on() {
    let server = Setup::dev().start().await;
    let giulia = Friend::enter(&server, "giulia", Over::WebSocket).await;
    let plug = Plug::new(&server, Over::Quic);
    // Both sockets are of one family: an address of the other cannot be reached from the new one.
    let home = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let quic = soon("QUIC", plug.quic(Some(home))).await.unwrap();
    let marco = Friend::through(Arc::new(quic.clone()), plug, "marco").await;
    let room = giulia.group(&[&marco]).await;
    giulia.say(room, "at home").await;
    marco.hears(room, "at home").await;
    for (last, place) in [(2, "on the tram"), (3, "in the café")] {
        let address = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
        quic.rebind(Some(address)).unwrap();
        marco.say(room, place).await;
        giulia.hears(room, place).await;
        giulia.say(room, &format!("hello {place}")).await;
        marco.hears(room, &format!("hello {place}")).await;
    }
    marco.is_whole();
    marco.heard(|heard| assert_eq!(heard.states.len(), 2, "one session: {:?}", heard.states));
}

#[tokio::test]
async fn a_client_that_is_killed_is_offline_within_the_idle_timeout_and_five_seconds() {
    let idle = Duration::from_secs(5);
    let setup = Setup::dev().flags(&["--idle-timeout", "5s", "--idle-ping", "2s"]);
    let server = setup.start().await;
    let giulia = Friend::enter(&server, "giulia", Over::WebSocket).await;
    for (user, transport) in [("marco", "quic"), ("luca", "ws")] {
        let user_id = UserId::new(user).unwrap();
        soon("the room", giulia.client.ensure_direct(user_id)).await.unwrap();
        let mut chat = Command::new(env!("CARGO_BIN_EXE_caffis-chat"))
            .args(["chat", "--plain", "--user", user, "--transport", transport])
            .args(["--server", &server.tcp().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        giulia.sees(user, Availability::Online).await;
        let killed = Instant::now();
        chat.kill().unwrap();
        chat.wait().unwrap();
        giulia.sees(user, Availability::Offline).await;
        let took = killed.elapsed();
        assert!(took <= idle + Duration::from_secs(5), "{user} over {transport}: {took:?}");
    }
}

#[tokio::test]
async fn a_killed_server_is_noticed_within_three_seconds() {
    let setup = Setup::dev();
    let server = setup.start().await;
    let mut friends = Vec::new();
    for (user, over) in [("giulia", Over::WebSocket), ("marco", Over::Quic)] {
        friends.push(Friend::enter(&server, user, over).await);
    }
    let killed = Instant::now();
    server.kill().await;
    for friend in friends {
        friend
            .until("the loss", |heard| {
                heard
                    .states
                    .iter()
                    .any(|state| matches!(state, State::Waiting { .. }))
                    .then_some(())
            })
            .await;
        let took = killed.elapsed();
        assert!(took <= Duration::from_millis(3_500), "{}: {took:?}", friend.user);
    }
}
