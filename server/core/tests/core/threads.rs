//! Threads: replies beside a room's other messages, who follows them, and what they have read of them.

use caffis_schema::{
    Command, EntryKind, Error, ErrorCode, List, MessageNumber, Position, ReplyNumber, RoomId,
    command::{Anchor, Delete, Edit, Send},
    reply::Appended,
    room::{Extra, HistoryPolicy, Mentions, Message, ReplyTo, RoomClass},
    settings::SetRoomSettings,
    threads::{
        FollowThread, FollowedPage, InThread, MarkThreadRead, Replies, Thread, ThreadAnchor,
        ThreadPage, Threads,
    },
};

use crate::{
    client::Client,
    edits::message,
    harness::{World, code, text, user, words},
};

pub(crate) fn in_thread(client: &Client, room: RoomId, root: u64, words: &str) -> Send {
    Send::in_thread(client.key(), room, text(words), Position(root))
}

pub(crate) async fn reply(
    client: &mut Client,
    room: RoomId,
    root: u64,
    words: &str,
) -> Result<Appended, Error> {
    let send = in_thread(client, room, root, words);
    client.appended(Command::Send(send)).await
}

pub(crate) async fn mention(client: &mut Client, room: RoomId, root: u64, names: &[&str]) -> u64 {
    let mut send = in_thread(client, room, root, "and you?");
    let mut extras = send.extras.into_vec();
    let users = List::cut(names.iter().map(|name| user(name)).collect());
    extras.push(Extra::Mentions(Mentions { users, room: false }));
    send.extras = List::cut(extras);
    client.appended(Command::Send(send)).await.expect("sent").position.get()
}

pub(crate) async fn page(
    client: &mut Client,
    room: RoomId,
    root: u64,
    anchor: ThreadAnchor,
    limit: u8,
) -> Result<ThreadPage, Error> {
    let root = Position(root);
    match client.ask(Command::Thread(Thread { room, root, anchor, limit })).await? {
        caffis_schema::Reply::Thread(page) => Ok(page),
        other => panic!("{other:?}"),
    }
}

/// What the last replies say, and `-` for tombstones.
pub(crate) async fn latest(client: &mut Client, room: RoomId, root: u64) -> Vec<String> {
    let page = page(client, room, root, ThreadAnchor::Latest, 100).await.expect("a page");
    page.replies.iter().map(|entry| words(entry).unwrap_or("-").to_owned()).collect()
}

/// What a root says of its thread: how many replies, the number of the last, and who wrote last.
pub(crate) fn counted(root: &Message) -> (u32, u64, Vec<String>) {
    let Replies { count, last, people, .. } = root.replies().cloned().unwrap_or_default();
    (count, last.get(), people.iter().map(ToString::to_string).collect())
}

pub(crate) async fn follow(
    client: &mut Client,
    room: RoomId,
    root: u64,
    follow: bool,
) -> Result<(), Error> {
    let root = Position(root);
    client.ask(Command::FollowThread(FollowThread { room, root, follow })).await.map(drop)
}

pub(crate) async fn mark(
    client: &mut Client,
    room: RoomId,
    root: u64,
    number: u64,
) -> Result<(), Error> {
    let (root, number) = (Position(root), ReplyNumber(number));
    client.ask(Command::MarkThreadRead(MarkThreadRead { room, root, number })).await.map(drop)
}

pub(crate) async fn followed_page(client: &mut Client, threads: Threads) -> FollowedPage {
    match client.ask(Command::Threads(threads)).await.expect("a page") {
        caffis_schema::Reply::Threads(page) => page,
        other => panic!("{other:?}"),
    }
}

/// The threads that a person follows: root, replies and unread replies of each.
pub(crate) async fn followed(client: &mut Client) -> Vec<(u64, u32, u64)> {
    let page = followed_page(client, Threads { before: None, limit: 50 }).await;
    let unread = page.threads.iter().filter(|thread| thread.unread > 0).count();
    assert_eq!(page.unread as usize, unread);
    let one = |it: &caffis_schema::threads::FollowedThread| {
        (it.root.position.get(), it.replies.count, it.unread)
    };
    page.threads.iter().map(one).collect()
}

pub(crate) async fn delete(
    client: &mut Client,
    room: RoomId,
    position: u64,
) -> Result<Appended, Error> {
    let (key, position) = (client.key(), Position(position));
    client.appended(Command::Delete(Delete { key, room, position })).await
}

#[tokio::test(start_paused = true)]
async fn a_root_counts_its_replies_on_every_way_of_reading() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    giulia.send(room, "who comes?").await.expect("sent");
    giulia.settle().await;
    let first = reply(&mut marco, room, 2, "me").await.expect("sent");
    assert_eq!((first.position.get(), first.number.get()), (3, 2), "a message as any other");
    let entry = giulia.entry().await;
    assert_eq!(entry.kind.changed_thread(), Some(Position(2)));
    reply(&mut anna, room, 2, "me, too").await.expect("sent");
    reply(&mut marco, room, 2, "at nine").await.expect("sent");
    let counts = (3, 3, vec!["marco".to_owned(), "anna".to_owned()]);
    for _ in 0..2 {
        assert_eq!(counted(&message(&mut anna, room, 2).await), counts);
        let history = giulia.history(room, Anchor::Latest, 50).await;
        let history = history.expect("a page");
        let root = history.entries.iter().find(|entry| entry.position == Position(2));
        let Some(EntryKind::Message(root)) = root.map(|entry| &entry.kind) else { panic!() };
        assert_eq!(counted(root), counts);
        assert_eq!(latest(&mut giulia, room, 2).await, ["me", "me, too", "at nine"]);
        // A client that was away learns it from the replies.
        let missed = giulia.resume(room, 2).await;
        let mut copy = root.clone();
        (copy.extras, copy.changed) = (List::default(), Position::ZERO);
        missed.entries.iter().for_each(|entry| copy.take_in_thread(entry));
        assert_eq!((counted(&copy), copy.changed), (counts.clone(), Position(5)));
        world.restart().await;
        giulia = world.connect("giulia").await;
        anna = world.connect("anna").await;
    }
    // Who moderates may delete what was read.
    delete(&mut giulia, room, 3).await.expect("deleted");
    delete(&mut giulia, room, 3).await.expect("deleted before");
    assert_eq!(counted(&message(&mut anna, room, 2).await).0, 2);
    assert_eq!(latest(&mut anna, room, 2).await, ["-", "me, too", "at nine"]);
    world.restart().await;
    let [mut giulia, mut anna] = world.people(["giulia", "anna"]).await;
    assert_eq!(counted(&message(&mut anna, room, 2).await).0, 2);
    assert_eq!(message(&mut anna, room, 3).await.thread().map(|it| it.root), Some(Position(2)));
    // Numbers are not given twice.
    delete(&mut giulia, room, 4).await.expect("deleted");
    reply(&mut anna, room, 2, "after all").await.expect("sent");
    let last = counted(&message(&mut anna, room, 2).await);
    assert_eq!((last.0, last.1, &*last.2[0]), (2, 4, "anna"));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_thread_is_bounded_and_goes_both_ways() {
    use ThreadAnchor::{After, Around, Before, Latest};
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "one").await.expect("sent");
    giulia.send(room, "another").await.expect("sent");
    for number in 1..=250 {
        let root = if number % 2 == 0 { 3 } else { 2 };
        reply(&mut marco, room, root, &format!("number {number}")).await.expect("sent");
    }
    let mut texts = async |anchor, limit| {
        let page = page(&mut giulia, room, 2, anchor, limit).await.expect("a page");
        let text = |entry| words(entry).expect("words")["number ".len()..].parse::<u32>();
        let all: Vec<_> = page.replies.iter().map(|it| text(it).expect("a number")).collect();
        (all, page.more_before, page.more_after)
    };
    let odd = |first: u32, last: u32| (first..=last).step_by(2).collect::<Vec<_>>();
    assert_eq!(texts(Latest, 3).await, (odd(245, 249), true, false));
    assert_eq!(texts(Before(ReplyNumber(4)), 100).await, (odd(1, 5), false, true));
    assert_eq!(texts(After(ReplyNumber(123)), 100).await, (odd(247, 249), true, false));
    assert_eq!(texts(Around(ReplyNumber(60)), 3).await, (odd(117, 121), true, true));
    assert_eq!(texts(Latest, 255).await.0.len(), 100);
    assert_eq!(texts(After(ReplyNumber(999)), 5).await, (vec![], false, false));
}

#[tokio::test(start_paused = true)]
async fn what_has_no_thread() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    let other = giulia.group(&["marco"]).await;
    giulia.send(room, "one").await.expect("sent");
    for words in ["two", "three", "four", "five"] {
        giulia.send(other, words).await.expect("sent");
    }
    reply(&mut marco, room, 2, "me").await.expect("sent");
    for nothing in [1, 4, 5, u64::MAX >> 11] {
        assert_eq!(code(reply(&mut marco, room, nothing, "?").await), ErrorCode::NotFound);
    }
    assert_eq!(code(reply(&mut marco, room, 3, "deeper").await), ErrorCode::Invalid);
    let third = page(&mut marco, room, 3, ThreadAnchor::Latest, 5).await;
    assert_eq!(code(third), ErrorCode::Invalid);
    assert_eq!(code(follow(&mut marco, room, 3, true).await), ErrorCode::Invalid);
    // Nobody replies to what they do not see, and nobody else hears what is in a thread.
    assert_eq!(code(reply(&mut anna, room, 2, "hm").await), ErrorCode::NotFound);
    giulia.add(room, &["anna"]).await.expect("added");
    let later = reply(&mut giulia, room, 2, "late").await.expect("sent").position.get();
    assert_eq!(code(reply(&mut anna, room, 2, "hm").await), ErrorCode::NotFound);
    assert_eq!(message(&mut anna, room, later).await.number, MessageNumber(3));
    for member in [true, false] {
        let hers = page(&mut anna, room, 2, ThreadAnchor::Latest, 5).await;
        assert_eq!(code(hers), ErrorCode::NotFound);
        assert_eq!(code(follow(&mut anna, room, 2, true).await), ErrorCode::NotFound);
        assert_eq!(code(mark(&mut anna, room, 2, 1).await), ErrorCode::NotFound);
        if member {
            giulia.remove(room, "anna").await.expect("removed");
        }
    }
    // A message answers another one or is in a thread, and only the server counts.
    let send = in_thread(&giulia, room, 2, "both");
    for extra in [
        Extra::Reply(ReplyTo { message: Position(2) }),
        Extra::Replies(Replies { count: 9, ..Replies::default() }),
        send.extras[0].clone(),
    ] {
        let extras = List::cut(vec![send.extras[0].clone(), extra]);
        let send = Send { key: giulia.key(), extras, ..send.clone() };
        assert_eq!(code(giulia.appended(Command::Send(send)).await), ErrorCode::Invalid);
    }
    let head = giulia.listed(room).await.expect("listed").head;
    delete(&mut giulia, room, 2).await.expect("deleted");
    assert_eq!(code(reply(&mut giulia, room, 2, "too late").await), ErrorCode::Deleted);
    // The thread of a tombstone can still be read.
    assert_eq!(latest(&mut giulia, room, 2).await, ["me", "late"]);
    assert_eq!(counted(&message(&mut giulia, room, 2).await).0, 2);
    assert_eq!(giulia.listed(room).await.expect("listed").head, head + 1, "nothing half done");
}

#[tokio::test(start_paused = true)]
async fn replies_keep_the_rules_of_the_room() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "who comes?").await.expect("sent");
    let set = |key, seconds, frozen| {
        Command::SetRoomSettings(SetRoomSettings {
            key,
            room,
            slow_mode_seconds: seconds,
            frozen,
            announcements: None,
        })
    };
    let key = giulia.key();
    giulia.ask(set(key, Some(30), None)).await.expect("set");
    reply(&mut marco, room, 2, "me").await.expect("sent");
    assert_eq!(code(reply(&mut marco, room, 2, "me").await), ErrorCode::SlowMode);
    let key = giulia.key();
    giulia.ask(set(key, Some(0), Some(true))).await.expect("set");
    assert_eq!(code(reply(&mut marco, room, 2, "me").await), ErrorCode::ReadOnly);
    assert_eq!(code(reply(&mut giulia, room, 2, " ").await), ErrorCode::TextEmpty);
    // The same key is done once.
    let send = in_thread(&giulia, room, 2, "once");
    let done = giulia.appended(Command::Send(send.clone())).await.expect("sent");
    assert_eq!(giulia.appended(Command::Send(send.clone())).await.expect("sent"), done);
    let in_room =
        Extra::Thread(InThread { root: Position(2), number: ReplyNumber(77), in_room: true });
    let extras = List::cut(vec![in_room]);
    let other = Send { extras: extras.clone(), ..send };
    assert_eq!(code(giulia.appended(Command::Send(other)).await), ErrorCode::ClientIdReused);
    let send = Send { extras, ..Send::new(giulia.key(), room, text("for all")) };
    let both = giulia.appended(Command::Send(send)).await.expect("sent").position.get();
    let found = message(&mut marco, room, both).await;
    let thread = *found.thread().expect("in a thread");
    assert_eq!((thread.number.get(), thread.in_room), (3, true), "the server gives the number");
    // An edit leaves it where it is.
    let (key, position) = (giulia.key(), Position(both));
    let edit = Edit::words(key, room, position, text("for everybody"));
    giulia.ask(Command::Edit(edit)).await.expect("edited");
    assert_eq!(message(&mut marco, room, both).await.thread(), Some(&thread));
    assert_eq!(latest(&mut marco, room, 2).await, ["me", "once", "for everybody"]);
}

#[tokio::test(start_paused = true)]
async fn people_reply_in_rooms_that_they_walked_into_and_services_follow_nothing() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    marco.open(cafe).await.expect("opened");
    giulia.send(cafe, "free table?").await.expect("sent");
    reply(&mut marco, cafe, 2, "here").await.expect("sent");
    assert_eq!(latest(&mut giulia, cafe, 2).await, ["here"]);
    assert_eq!(code(follow(&mut giulia, cafe, 2, true).await), ErrorCode::Forbidden);
    assert_eq!(followed(&mut giulia).await, []);
    let mut service = world.service().await;
    let list = service.ask(Command::Threads(Threads { before: None, limit: 5 })).await;
    assert_eq!(code(list), ErrorCode::Forbidden);
}
