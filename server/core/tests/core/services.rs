//! What a service of the business may do, and commands that come without a connection.

use caffis_core::model::caller::Rights;
use caffis_schema::{
    Body, Command, ErrorCode, List, RoomId, Text,
    command::{Anchor, Members, Open, Send},
    event::{SystemBody, TextBody},
    room::{Role, RoomClass},
};

use crate::{
    client::Client,
    harness::{World, code, text, user},
};

async fn notice(client: &mut Client, room: RoomId) -> Option<ErrorCode> {
    let text = TextBody { text: Text::cut("See you at nine") };
    let body = Body::System(SystemBody::Notice(text));
    let command = Command::Send(Send::new(client.key(), room, body));
    client.ask(command).await.err().map(|error| error.code)
}

async fn members(client: &mut Client, room: RoomId) -> Option<ErrorCode> {
    let command = Command::Members(Members { room, after: None, limit: 10 });
    client.ask(command).await.err().map(|error| error.code)
}

#[tokio::test(start_paused = true)]
async fn a_service_does_what_its_rights_name() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let mut usual = world.service().await;
    let meetup = usual.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made");
    let room = meetup.room;
    giulia.send(room, "ciao").await.expect("sent");

    let forbidden = Some(ErrorCode::Forbidden);
    // By right: making a room, managing members, a notice, reading states, reading history.
    for (right, expected) in [
        ("rooms", [None, forbidden, forbidden, forbidden, forbidden]),
        ("members", [Some(ErrorCode::NotFound), None, forbidden, forbidden, forbidden]),
        ("notices", [Some(ErrorCode::NotFound), forbidden, None, forbidden, forbidden]),
        ("states", [Some(ErrorCode::NotFound), forbidden, forbidden, None, forbidden]),
        ("history", [Some(ErrorCode::NotFound), forbidden, forbidden, None, None]),
    ] {
        let mut service = world.connect(&format!("service:{right};right={right}")).await;
        let found = [
            service.ensure(right, RoomClass::Social, &[]).await.err().map(|e| e.code),
            service.add(room, &["marco"]).await.err().map(|e| e.code),
            notice(&mut service, room).await,
            members(&mut service, room).await,
            service.history(room, Anchor::Latest, 10).await.err().map(|e| e.code),
        ];
        assert_eq!(found, expected, "{right}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_people_make_among_themselves_is_no_services_business() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let group = giulia.group(&["marco"]).await;
    let direct = giulia.direct("marco").await.expect("made").room;
    for room in [group, direct] {
        giulia.send(room, "between us").await.expect("sent");
        let mut service = world.service().await;
        assert_eq!(code(service.history(room, Anchor::Latest, 10).await), ErrorCode::NotFound);
        assert_eq!(code(service.add(room, &["marco"]).await), ErrorCode::NotFound);
        assert_eq!(notice(&mut service, room).await, Some(ErrorCode::NotFound));
        assert_eq!(members(&mut service, room).await, Some(ErrorCode::NotFound));
        assert_eq!(code(service.open(room).await), ErrorCode::NotFound);
        let mut auditor = world.connect("service:audit;right=history").await;
        assert_eq!(auditor.log(room).await, ["between us"]);
    }
    // Whoever may know of the room and manage members does so in rooms of contexts only.
    let mut both = world.connect("service:both;right=history;right=members").await;
    world.people(["anna"]).await;
    assert_eq!(code(both.add(group, &["anna"]).await), ErrorCode::Forbidden);
    assert_eq!(code(both.remove(group, "marco").await), ErrorCode::Forbidden);
    assert_eq!(code(both.role(group, "marco", Role::Admin).await), ErrorCode::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn a_summary_for_a_service_keeps_the_words_to_the_members() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let mut service = world.service().await;
    let room = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made").room;
    giulia.send(room, "ciao").await.expect("sent");
    let found = service.ensure("meetup", RoomClass::Social, &[]).await.expect("found");
    assert_eq!((found.number.get(), found.preview), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_service_brings_people_who_never_connected() {
    let mut world = World::unhurried().await;
    let mut service = world.service().await;
    let room = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made").room;
    service.add(room, &["marco"]).await.expect("added");
    world.restart().await;
    for name in ["giulia", "marco"] {
        let mut client = world.connect(&format!("{name};name=Known now")).await;
        let listed = client.listed(room).await.expect("the room waits for them");
        assert_eq!(listed.members, 2);
        assert_eq!(&*client.welcome().profile.name, "Known now");
    }
    // A person may only add people who are known.
    let mut giulia = world.connect("giulia").await;
    let group = giulia.group(&[]).await;
    assert_eq!(code(giulia.add(group, &["nobody"]).await), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn commands_come_without_a_connection_too() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let (marco, key) = (user("marco"), giulia.key());
    let send = || Command::Send(Send::new(key, room, text("from afar")));
    let first = world.core.call(&marco, None, send()).await.expect("sent");
    let second = world.core.call(&marco, None, send()).await.expect("answered as before");
    assert_eq!(first, second);
    assert_eq!(giulia.heard().await, ["from afar"]);

    let open = Command::Open(Open { room, limit: 10 });
    assert_eq!(code(world.core.call(&marco, None, open).await), ErrorCode::Invalid);
    let outsider = user("anna");
    assert_eq!(code(world.core.call(&outsider, None, send()).await), ErrorCode::NotFound);

    let users = List::cut(vec![marco.clone()]);
    let add = Command::AddMembers(caffis_schema::command::AddMembers { key, room, users });
    let service = user("service:rest");
    let refused = world.core.call(&service, Some(Rights::USUAL), add).await;
    assert_eq!(code(refused), ErrorCode::NotFound, "a group is its people's");
}
