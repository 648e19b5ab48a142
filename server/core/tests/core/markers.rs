//! How far people have come.

use std::time::Duration;

use caffis_conformance::faulty::{Fault, Plan};
use caffis_core::tables::{self, HeadRow, MarkerRow};
use caffis_schema::{
    Command, ErrorCode, Event, MessageNumber, Outcome, Position, RoomId, Timestamp,
    command::{Mark, Mute, SetPreferences},
};

use crate::client::Client;
use crate::harness::{START, World, code, user};

/// The markers of others and the own ones that a session hears.
async fn markers(client: &mut Client) -> Vec<String> {
    let mut told = Vec::new();
    for event in client.settle().await {
        match event {
            Event::Markers(of_room) => told.extend(
                of_room.markers.iter().map(|m| format!("{} {}/{}", m.user, m.delivered, m.read)),
            ),
            Event::OwnRead(own) => told.push(format!("own {} unread {}", own.read, own.unread)),
            _ => {}
        }
    }
    told
}

async fn mark(client: &mut Client, mark: fn(Mark) -> Command, room: RoomId, number: u64) {
    client.ask(mark(Mark { room, number: MessageNumber(number) })).await.expect("marked");
}

async fn counts(client: &mut Client, room: RoomId) -> (u64, u64) {
    let listed = client.listed(room).await.expect("listed");
    (listed.read.get(), listed.unread)
}

#[tokio::test(start_paused = true)]
async fn a_reply_does_not_hide_that_what_is_before_it_was_read() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.open(room).await.expect("opened");
    for _ in 0..3 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    marco.send(room, "a reply").await.expect("sent");
    giulia.settle().await;
    // Marco has seen everything up to the reply, which is his own.
    mark(&mut marco, Command::MarkRead, room, 4).await;
    assert_eq!(markers(&mut giulia).await, ["marco 4/4"]);
    mark(&mut marco, Command::MarkRead, room, 4).await;
    assert!(markers(&mut giulia).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn markers_are_told_and_kept() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..5 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    giulia.open(room).await.expect("opened");
    giulia.settle().await;
    tablet.settle().await;
    assert_eq!(counts(&mut marco, room).await, (0, 5));
    assert_eq!(counts(&mut giulia, room).await, (5, 0), "one's own messages are read");
    mark(&mut marco, Command::MarkDelivered, room, 4).await;
    assert_eq!(markers(&mut giulia).await, ["marco 4/0"]);
    mark(&mut marco, Command::MarkRead, room, 3).await;
    assert_eq!(markers(&mut giulia).await, ["marco 4/3"]);
    assert_eq!(markers(&mut tablet).await, ["own 3 unread 2"]);
    // Never backwards.
    mark(&mut marco, Command::MarkRead, room, 2).await;
    assert_eq!(markers(&mut giulia).await, [""; 0]);
    assert_eq!(counts(&mut tablet, room).await, (3, 2));
    let refused = marco.ask(Command::MarkRead(Mark { room, number: MessageNumber(6) })).await;
    assert_eq!(code(refused), ErrorCode::OutOfRange);
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(counts(&mut marco, room).await, (3, 2));
    let opened = marco.open(room).await.expect("opened");
    let own = opened.markers.iter().find(|marker| marker.user.as_str() == "marco").expect("one");
    assert_eq!(own.read, MessageNumber(3));
}

#[tokio::test(start_paused = true)]
async fn delivered_markers_reach_the_store_in_a_moment_also_when_it_fails_at_first() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(3)).await;
    mark(&mut marco, Command::MarkDelivered, room, 1).await;
    world.faults.set_plan(Plan { unavailable: 1_000, ..Plan::default() });
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.faults.set_plan(Plan::default());
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let opened = giulia.open(room).await.expect("opened");
    let marco = opened.markers.iter().find(|marker| marker.user.as_str() == "marco").expect("one");
    assert_eq!(marco.delivered, MessageNumber(1));
}

#[tokio::test(start_paused = true)]
async fn unread_is_marked_for_oneself_alone() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..5 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    giulia.open(room).await.expect("opened");
    marco.read(room, 5).await.expect("read");
    markers(&mut giulia).await;
    marco.settle().await;
    mark(&mut marco, Command::MarkUnread, room, 4).await;
    assert_eq!(markers(&mut marco).await, ["own 3 unread 2"]);
    assert_eq!(markers(&mut giulia).await, [""; 0], "others see what was read");
    assert_eq!(counts(&mut marco, room).await, (3, 2));
    marco.read(room, 5).await.expect("read");
    assert_eq!(counts(&mut marco, room).await, (5, 0));
    assert_eq!(markers(&mut giulia).await, [""; 0], "nor that the mark is gone");
}

#[tokio::test(start_paused = true)]
async fn reading_goes_on_from_where_a_room_was_marked_as_unread() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..5 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    giulia.open(room).await.expect("opened");
    marco.read(room, 5).await.expect("read");
    mark(&mut marco, Command::MarkUnread, room, 2).await;
    markers(&mut giulia).await;
    markers(&mut tablet).await;
    // A device that is behind takes nothing back.
    marco.read(room, 1).await.expect("read");
    assert_eq!(markers(&mut tablet).await, [""; 0]);
    marco.read(room, 3).await.expect("read");
    assert_eq!(markers(&mut tablet).await, ["own 3 unread 2"]);
    assert_eq!(counts(&mut marco, room).await, (3, 2));
    assert_eq!(markers(&mut giulia).await, [""; 0], "others see what was read");
    world.restart().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    assert_eq!(counts(&mut marco, room).await, (3, 2));
    let opened = giulia.open(room).await.expect("opened");
    let of_marco = opened.markers.iter().find(|m| m.user.as_str() == "marco").expect("one");
    assert_eq!(of_marco.read, MessageNumber(5));
    marco.read(room, 5).await.expect("read");
    assert_eq!(counts(&mut marco, room).await, (5, 0));
    giulia.send(room, "ciao").await.expect("sent");
    assert_eq!(counts(&mut marco, room).await, (5, 1), "nothing is left of the mark");
}

#[tokio::test(start_paused = true)]
async fn private_readers_are_not_told_of() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    giulia.open(room).await.expect("opened");
    let private = SetPreferences { private_receipts: true };
    marco.ask(Command::SetPreferences(private)).await.expect("set");
    markers(&mut giulia).await;
    tablet.settle().await;
    marco.read(room, 1).await.expect("read");
    assert_eq!(markers(&mut giulia).await, ["marco 1/0"]);
    assert_eq!(markers(&mut tablet).await, ["own 1 unread 0"]);
    let opened = giulia.open(room).await.expect("opened");
    let of_marco = opened.markers.iter().find(|m| m.user.as_str() == "marco").expect("one");
    assert_eq!(of_marco.read, MessageNumber(0));
    assert!(world.connect("marco").await.welcome().own.private_receipts);
}

#[tokio::test(start_paused = true)]
async fn others_hear_of_a_private_reader_only_what_was_delivered() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..3 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    giulia.open(room).await.expect("opened");
    let private = SetPreferences { private_receipts: true };
    marco.ask(Command::SetPreferences(private)).await.expect("set");
    mark(&mut marco, Command::MarkDelivered, room, 2).await;
    assert_eq!(markers(&mut giulia).await, ["marco 2/0"]);
    tablet.settle().await;
    // The delivered mark is there already: the read mark alone is told to nobody else.
    for number in [1, 2] {
        mark(&mut marco, Command::MarkRead, room, number).await;
        assert_eq!(markers(&mut giulia).await, [""; 0]);
        let unread = 3 - number;
        assert_eq!(markers(&mut tablet).await, [format!("own {number} unread {unread}")]);
    }
    // Reading on moves the delivered mark too.
    mark(&mut marco, Command::MarkRead, room, 3).await;
    assert_eq!(markers(&mut giulia).await, ["marco 3/0"]);
    mark(&mut marco, Command::MarkRead, room, 3).await;
    assert_eq!(markers(&mut giulia).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn writing_ends_what_was_marked_as_unread() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..3 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    marco.read(room, 3).await.expect("read");
    mark(&mut marco, Command::MarkUnread, room, 2).await;
    assert_eq!(counts(&mut marco, room).await, (1, 2));
    marco.send(room, "a reply").await.expect("sent");
    assert_eq!(counts(&mut marco, room).await, (4, 0));
    // Marked as unread after the reply, it stays so, also when the log is read again.
    mark(&mut marco, Command::MarkUnread, room, 2).await;
    assert_eq!(counts(&mut marco, room).await, (1, 3));
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(counts(&mut marco, room).await, (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_marker_that_the_store_refuses_at_first_is_not_lost() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.faults.fail_next_write(Fault::Unavailable);
    let error = marco.read(room, 1).await.expect_err("not stored yet");
    assert_eq!((error.outcome, error.code), (Outcome::Unknown, ErrorCode::Unavailable));
    marco.read(room, 1).await.expect("asked again");
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(counts(&mut marco, room).await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn markers_that_wait_for_a_write_share_the_next_one() {
    for members in [20, 120] {
        let world = World::unhurried().await;
        let mut giulia = world.connect("giulia").await;
        let names: Vec<String> = (0..members).map(|number| format!("person{number}")).collect();
        let mut people = Vec::new();
        for name in &names {
            people.push(world.connect(name).await);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let room = giulia.group(&names[..100.min(members)]).await;
        if members > 100 {
            giulia.add(room, &names[100..]).await.expect("added");
        }
        giulia.send(room, "ciao").await.expect("sent");
        // Past the writes of housekeeping and of the profiles.
        tokio::time::sleep(Duration::from_secs(3)).await;
        world.faults.set_plan(Plan { delay: Duration::from_millis(900), ..Plan::default() });
        let before = world.faults.writes();
        let mut asked = Vec::new();
        for client in &mut people {
            asked.push(
                client.start(Command::MarkRead(Mark { room, number: MessageNumber(1) })).await,
            );
        }
        for (client, id) in people.iter_mut().zip(asked) {
            client.answer(id).await.expect("marked");
        }
        let writes = world.faults.writes() - before;
        assert!(writes <= 6, "{writes} writes for {members} markers");
        world.faults.set_plan(Plan::default());
        let rows: Vec<MarkerRow> =
            tables::whole(world.raw_store(), MarkerRow::partition(&room)).await.expect("rows");
        let read = rows.iter().filter(|row| row.read == MessageNumber(1)).count();
        assert_eq!(read, members + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_write_that_fails_hears_so() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let [mut marco, mut anna] = world.people(["marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.faults.fail_next_write(Fault::Unavailable);
    world.faults.set_plan(Plan { delay: Duration::from_millis(100), ..Plan::default() });
    let before = world.faults.writes();
    let mark = Mark { room, number: MessageNumber(1) };
    let (first, second) =
        (marco.start(Command::MarkRead(mark)).await, anna.start(Command::MarkRead(mark)).await);
    let answers = [marco.answer(first).await, anna.answer(second).await];
    assert!(answers.iter().any(|answer| answer.is_err()), "{answers:?}");
    assert!(world.faults.writes() - before <= 2);
    marco.read(room, 1).await.expect("asked again");
    anna.read(room, 1).await.expect("asked again");
}

#[tokio::test(start_paused = true)]
async fn heads_and_markers_are_written_although_others_mark_all_the_time() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let mut marco = world.link();
    marco.hello("marco", Vec::new()).await;
    marco.answer(0).await.expect("welcome");
    let room = giulia.group(&["marco"]).await;
    world.faults.set_plan(Plan { delay: Duration::from_millis(50), ..Plan::default() });
    for number in 1..=60 {
        giulia.send(room, "ciao").await.expect("sent");
        let mark = Mark { room, number: MessageNumber(number) };
        let id = u32::try_from(number).expect("small");
        marco.request(id, Command::MarkRead(mark)).await;
    }
    // While the marks are still on their way.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let key = HeadRow::key(&room);
    let hint: HeadRow = tables::get(world.raw_store(), key).await.expect("read").expect("a row");
    assert!(hint.position >= Position(60), "{hint:?}");
    marco.answer(60).await.expect("marked");
    let key = MarkerRow::key(&room, &user("giulia"));
    let row: MarkerRow = tables::get(world.raw_store(), key).await.expect("read").expect("a row");
    assert!(row.read >= MessageNumber(59), "{row:?}");
    world.faults.set_plan(Plan::default());
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(counts(&mut marco, room).await, (60, 0));
}

#[tokio::test(start_paused = true)]
async fn the_markers_of_former_members_go_with_their_membership() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    for client in [&mut marco, &mut anna] {
        client.read(room, 1).await.expect("read");
    }
    giulia.remove(room, "marco").await.expect("removed");
    let users = async |world: &World| {
        let rows: Vec<MarkerRow> =
            tables::whole(world.raw_store(), MarkerRow::partition(&room)).await.expect("rows");
        rows.into_iter().map(|row| row.user.to_string()).collect::<Vec<_>>()
    };
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(users(&world).await, ["anna", "giulia"]);
    // A row that was on its way meanwhile.
    let mut batch = world.batch();
    let row = MarkerRow {
        room,
        user: user("marco"),
        delivered: MessageNumber(1),
        read: MessageNumber(1),
        unread_from: None,
        muted_until: None,
    };
    batch.put(&row);
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    giulia.log(room).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(users(&world).await, ["anna", "giulia"]);
    giulia.add(room, &["marco"]).await.expect("added");
    let mut marco = world.connect("marco").await;
    assert_eq!(counts(&mut marco, room).await, (1, 0));
}

async fn mute(client: &mut Client, room: RoomId, until: Option<u64>) -> Result<(), ErrorCode> {
    let command = Command::Mute(Mute { room, until: until.map(Timestamp) });
    client.ask(command).await.map(|_| ()).map_err(|error| error.code)
}

/// Until when a room is muted, as its person's list says.
async fn muted(client: &mut Client, room: RoomId) -> Option<u64> {
    client.listed(room).await.expect("listed").muted_until.map(Timestamp::get)
}

#[tokio::test(start_paused = true)]
async fn a_room_is_muted_on_all_devices_and_for_oneself_alone() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    giulia.open(room).await.expect("opened");
    giulia.send(room, "ciao").await.expect("sent");
    for client in [&mut giulia, &mut marco, &mut tablet] {
        client.settle().await;
    }
    let end = START + 3_600_000;
    assert_eq!(mute(&mut marco, room, Some(end)).await, Ok(()));
    for own in [&mut marco, &mut tablet] {
        let told = own.settle().await.into_iter().filter_map(|event| match event {
            Event::OwnRead(own) => own.muted_until.map(Timestamp::get),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), [end]);
        assert_eq!(muted(own, room).await, Some(end));
    }
    assert_eq!(giulia.settle().await, [], "others do not hear of it");
    assert_eq!(muted(&mut giulia, room).await, None);
    // Reading and writing leave it as it is, and so does a restart.
    marco.read(room, 1).await.expect("read");
    marco.send(room, "ciao").await.expect("sent");
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(muted(&mut marco, room).await, Some(end));
    assert_eq!(mute(&mut marco, room, Some(Timestamp::MAX.get())).await, Ok(()));
    assert_eq!(muted(&mut marco, room).await, Some(Timestamp::MAX.get()));
    assert_eq!(mute(&mut marco, room, None).await, Ok(()));
    assert_eq!(muted(&mut marco, room).await, None);
    // Not until a time that has passed, and not somebody else's room.
    assert_eq!(mute(&mut marco, room, Some(START - 1)).await, Err(ErrorCode::Invalid));
    assert_eq!(muted(&mut marco, room).await, None);
    let mut luca = world.connect("luca").await;
    assert_eq!(mute(&mut luca, room, Some(end)).await, Err(ErrorCode::NotFound));
    let mut service = world.service().await;
    assert!(mute(&mut service, room, Some(end)).await.is_err());
}
