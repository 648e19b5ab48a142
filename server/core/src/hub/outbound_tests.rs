use std::{
    sync::atomic::{AtomicUsize, Ordering},
    task::Wake,
};

use caffis_schema::{
    Entry, EntryKind, MessageNumber, Position, Timestamp, UserId, event::RoomEntry, open::Unknown,
    room::Availability, room::Presence,
};

use super::*;
use crate::hub::latest::LATEST_KEYS;

const ROOM: RoomId = RoomId::from_random(7);

fn entry(position: u64) -> Arc<Encoded> {
    let kind = EntryKind::Unknown(Unknown { tag: 99, bytes: Default::default() });
    let entry = Entry { position: Position(position), time: Timestamp(0), kind };
    Encoded::event(Event::Entry(RoomEntry { room: ROOM, entry }))
}

fn head(position: u64) -> Head {
    Head { room: ROOM, head: Position(position), number: MessageNumber(0), preview: None }
}

fn presence(version: u64) -> Arc<Encoded> {
    Encoded::event(Event::Presence(Presence {
        user: UserId::new("giulia").expect("an id"),
        version,
        availability: Availability::Online,
        last_seen: None,
        status: None,
    }))
}

fn take(outbound: &Outbound) -> Option<Item> {
    match outbound.next(|| false) {
        Next::Write(item) => Some(item),
        Next::Gather | Next::Nothing => None,
    }
}

#[test]
fn a_full_queue_drops_entries_and_says_behind() {
    let size = entry(1).bytes(Codec::Binary).len();
    let outbound = Outbound::new(Codec::Binary, false, size * 2);
    outbound.release(Bytes::new());
    let put: Vec<Put> = (1..=5).map(|n| outbound.entry(&entry(n), || head(n), ROOM)).collect();
    assert_eq!(put, [Put::Waits, Put::Waits, Put::Dropped, Put::Dropped, Put::Dropped]);
    assert_eq!(outbound.dropped(), 3);
    assert!(matches!(take(&outbound), Some(Item::Reply(_))));
    assert!(matches!(take(&outbound), Some(Item::Event(_))));
    // There is room again, but what comes now would leave a gap: it waits for the resume too.
    outbound.entry(&entry(6), || head(6), ROOM);
    assert!(matches!(take(&outbound), Some(Item::Event(_))));
    let Some(Item::Event(behind)) = take(&outbound) else { panic!("behind is due") };
    let expected = Encoded::event(Event::Behind(head(6)));
    assert_eq!(behind.bytes(Codec::Binary), expected.bytes(Codec::Binary));
    assert!(take(&outbound).is_none());
    outbound.entry(&entry(7), || head(7), ROOM);
    assert!(matches!(take(&outbound), Some(Item::Event(_))));
}

#[test]
fn the_newest_of_latest_events_wins() {
    let outbound = Outbound::new(Codec::Binary, false, 1_000);
    outbound.release(Bytes::new());
    take(&outbound);
    let key = LatestKey::Presence(UserId::new("giulia").expect("an id"));
    outbound.latest(key.clone(), &presence(1));
    outbound.latest(key, &presence(2));
    let Some(Item::Event(event)) = take(&outbound) else { panic!("one is due") };
    assert_eq!(event.bytes(Codec::Binary), presence(2).bytes(Codec::Binary));
    assert!(take(&outbound).is_none());
}

#[test]
fn so_many_latest_events_wait_and_no_more() {
    let outbound = released();
    for number in 0..LATEST_KEYS as u64 + 10 {
        outbound.latest(LatestKey::Head(RoomId::from_random(number)), &presence(number));
    }
    assert_eq!(std::iter::from_fn(|| take(&outbound)).count(), LATEST_KEYS);
}

#[test]
fn nothing_passes_before_the_welcome_and_only_replies_before_the_farewell() {
    let outbound = Outbound::new(Codec::Binary, false, 1_000);
    outbound.entry(&entry(1), || head(1), ROOM);
    assert!(take(&outbound).is_none());
    outbound.release(Bytes::from_static(b"welcome"));
    assert!(matches!(take(&outbound), Some(Item::Reply(bytes)) if bytes == "welcome"));
    outbound.reply(Bytes::from_static(b"answer"));
    outbound.close(CloseCode::Revoked, "signed out");
    assert!(matches!(take(&outbound), Some(Item::Reply(bytes)) if bytes == "answer"));
    assert!(matches!(take(&outbound), Some(Item::Close(CloseCode::Revoked, _))));
}

/// A waker that counts how often the loop was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Adds something and tells whether the loop was woken for it.
fn wakes(outbound: &Outbound, add: impl FnOnce(&Outbound)) -> bool {
    let woken = Arc::new(Woken::default());
    outbound.register(&Context::from_waker(&woken.clone().into()));
    add(outbound);
    woken.0.load(Ordering::Relaxed) > 0
}

fn released() -> Outbound {
    let outbound = Outbound::new(Codec::Binary, false, 100_000);
    outbound.release(Bytes::new());
    take(&outbound);
    outbound
}

#[test]
fn while_events_gather_only_what_cannot_wait_wakes_the_loop() {
    let outbound = released();
    let add = |n| {
        move |outbound: &Outbound| {
            outbound.entry(&entry(n), || head(n), ROOM);
        }
    };
    assert!(matches!(outbound.next(|| true), Next::Nothing));
    assert!(wakes(&outbound, add(1)), "nothing gathers yet");
    assert!(matches!(outbound.next(|| true), Next::Gather));
    assert!(!wakes(&outbound, add(2)), "the loop will look by itself");
    let many = GATHER_BYTES as u64;
    let fill = |outbound: &Outbound| (3..many).for_each(|n| add(n)(outbound));
    assert!(wakes(&outbound, fill), "enough has gathered");
    assert!(matches!(outbound.next(|| true), Next::Write(_)));
    let outbound = released();
    add(1)(&outbound);
    assert!(matches!(outbound.next(|| true), Next::Gather));
    assert!(wakes(&outbound, |outbound| outbound.close(CloseCode::Revoked, "signed out")));
    assert!(matches!(outbound.next(|| true), Next::Write(Item::Close(..))));
}

#[test]
fn an_answer_waits_for_nothing() {
    let outbound = released();
    outbound.entry(&entry(1), || head(1), ROOM);
    outbound.reply(Bytes::from_static(b"answer"));
    assert!(matches!(outbound.next(|| true), Next::Write(Item::Event(_))));
    assert!(matches!(outbound.next(|| true), Next::Write(Item::Reply(_))));
}

#[test]
fn a_link_that_takes_nothing_is_woken_for_the_farewell_only() {
    let outbound = released();
    assert!(outbound.stall().is_none());
    assert!(!wakes(&outbound, |outbound| {
        outbound.entry(&entry(1), || head(1), ROOM);
    }));
    assert!(wakes(&outbound, |outbound| outbound.close(CloseCode::Revoked, "signed out")));
    assert!(matches!(outbound.stall(), Some((CloseCode::Revoked, _))));
}

#[test]
fn nothing_of_a_room_leaves_after_the_news_that_it_is_gone() {
    let other = RoomId::from_random(8);
    let outbound = released();
    let room_events = |room| {
        outbound.entry(&entry(1), || head(1), room);
        outbound.latest(LatestKey::Head(room), &presence(1));
        outbound.latest(LatestKey::OwnRead(room), &presence(1));
        outbound.latest_change(LatestKey::Markers(room), &presence(1), || presence(2));
        outbound.lossy(Some(room), &presence(1));
    };
    room_events(ROOM);
    room_events(other);
    lock(&outbound.queue).behind.insert(ROOM, head(5));
    let gone = presence(9);
    outbound.room_removed(ROOM, &gone);
    let mut left = 0;
    let mut last = None;
    while let Some(item) = take(&outbound) {
        left += 1;
        if let Item::Event(event) = item {
            last = last.or_else(|| Arc::ptr_eq(&event, &gone).then_some(left));
        }
    }
    assert_eq!((left, last), (6, Some(2)), "the other room's five, and the news behind its entry");
    assert_eq!(lock(&outbound.queue).event_bytes, 0);
}

#[test]
fn of_changes_that_wait_the_whole_takes_their_place() {
    let outbound = released();
    let change = |outbound: &Outbound| {
        outbound.latest_change(LatestKey::Markers(ROOM), &presence(1), || presence(2));
    };
    let next = |outbound: &Outbound| match take(outbound) {
        Some(Item::Event(event)) => event.bytes(Codec::Binary),
        other => panic!("{other:?}"),
    };
    change(&outbound);
    assert_eq!(next(&outbound), presence(1).bytes(Codec::Binary));
    change(&outbound);
    change(&outbound);
    assert_eq!(next(&outbound), presence(2).bytes(Codec::Binary));
    assert!(take(&outbound).is_none());
}
