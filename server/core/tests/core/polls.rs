//! Polls: who votes, what counts, and who learns what.

use std::time::Duration;

use caffis_core::tables::{self, TimelineRow};
use caffis_schema::{
    Body, Command, Entry, EntryKind, Error, ErrorCode, List, Position, Reply, RoomId, Text,
    Timestamp, UserId,
    command::{Delete, Forward, Send},
    polls::{ClosePoll, PollAt, PollBody, PollResults, Tally, Vote, VoterPage, Voters},
    reply::Appended,
    room::{ClientKey, HistoryPolicy, RoomClass},
    scheduled::Schedule,
};

use crate::{
    client::Client,
    edits::{edit, message},
    harness::{START, World, code, user},
};

/// A poll with options a, b and c.
pub(crate) fn poll(change: impl FnOnce(&mut PollBody)) -> PollBody {
    let options = ["a", "b", "c"].map(Text::cut);
    let mut poll = PollBody {
        question: Text::cut("Where do we meet?"),
        options: List::cut(options.into()),
        multiple: false,
        anonymous: false,
        closes: None,
    };
    change(&mut poll);
    poll
}

/// Sends a poll.
pub(crate) async fn ask(
    client: &mut Client,
    room: RoomId,
    change: impl FnOnce(&mut PollBody),
) -> Result<Appended, Error> {
    let send = Send::new(client.key(), room, Body::Poll(poll(change)));
    client.appended(Command::Send(send)).await
}

/// A vote.
pub(crate) fn voting(key: ClientKey, room: RoomId, position: Position, choices: &[u8]) -> Command {
    Command::Vote(Vote { key, room, position, choices: List::cut(choices.to_vec()) })
}

async fn vote(
    client: &mut Client,
    room: RoomId,
    position: u64,
    choices: &[u8],
) -> Result<Appended, Error> {
    let command = voting(client.key(), room, Position(position), choices);
    client.appended(command).await
}

async fn close(client: &mut Client, room: RoomId, position: u64) -> Result<Appended, Error> {
    let (key, position) = (client.key(), Position(position));
    client.appended(Command::ClosePoll(ClosePoll { key, room, position })).await
}

/// What came out, as somebody sees it.
pub(crate) async fn results(
    client: &mut Client,
    room: RoomId,
    position: u64,
) -> Result<PollResults, Error> {
    let position = Position(position);
    match client.ask(Command::Poll(PollAt { room, position })).await? {
        Reply::Poll(results) => Ok(results),
        other => panic!("{other:?}"),
    }
}

/// A page of those who voted.
pub(crate) async fn voters(
    client: &mut Client,
    room: RoomId,
    position: u64,
    (after, limit): (Option<UserId>, u8),
) -> Result<VoterPage, Error> {
    let position = Position(position);
    match client.ask(Command::Voters(Voters { room, position, after, limit })).await? {
        Reply::Voters(page) => Ok(page),
        other => panic!("{other:?}"),
    }
}

fn counts(tally: Option<&Tally>) -> (Vec<u32>, u32) {
    let tally = tally.cloned().unwrap_or_default();
    (tally.counts.into_vec(), tally.voters)
}

fn told(entry: &Entry) -> (Vec<u32>, u32) {
    match &entry.kind {
        EntryKind::Tallied(tallied) => counts(tallied.tally.as_ref()),
        other => panic!("{other:?}"),
    }
}

fn chosen(page: &VoterPage) -> Vec<(String, Vec<u8>)> {
    page.voters.iter().map(|it| (it.user.to_string(), it.choices.to_vec())).collect()
}

#[tokio::test(start_paused = true)]
async fn votes_are_counted_and_told_and_taken_back() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    let sent = ask(&mut giulia, room, |_| {}).await.expect("sent");
    assert_eq!((sent.position.get(), sent.number.get()), (2, 1));
    marco.settle().await;
    let listed = marco.listed(room).await.expect("listed");
    assert_eq!(listed.preview.as_ref().expect("one").text.as_str(), "📊 Where do we meet?");
    let first = vote(&mut marco, room, 2, &[0]).await.expect("voted");
    assert_eq!((first.position.get(), first.number.get()), (3, 0));
    assert_eq!(told(&marco.entry().await), (vec![1, 0, 0], 1));
    vote(&mut anna, room, 2, &[0]).await.expect("voted");
    vote(&mut marco, room, 2, &[2]).await.expect("voted");
    // The same choice again changes nothing.
    assert_eq!(vote(&mut marco, room, 2, &[2]).await.expect("done").position.get(), 5);
    vote(&mut giulia, room, 2, &[1]).await.expect("voted");
    vote(&mut giulia, room, 2, &[]).await.expect("taken back");
    for _ in 0..2 {
        let found = results(&mut marco, room, 2).await.expect("results");
        assert_eq!(counts(Some(&found.tally)), (vec![1, 0, 1], 2));
        assert_eq!((found.own.to_vec(), found.closed), (vec![2], false));
        assert_eq!(results(&mut giulia, room, 2).await.expect("results").own.to_vec(), [0; 0]);
        assert_eq!(counts(message(&mut anna, room, 2).await.tally()), (vec![1, 0, 1], 2));
        let page = voters(&mut giulia, room, 2, (None, 100)).await.expect("a page");
        let expected = [("anna".to_owned(), vec![0]), ("marco".to_owned(), vec![2])];
        assert_eq!((chosen(&page), page.more), (expected.to_vec(), false));
        let page = voters(&mut giulia, room, 2, (None, 1)).await.expect("a page");
        assert_eq!((chosen(&page), page.more), (expected[..1].to_vec(), true));
        let after = Some(user("anna"));
        let page = voters(&mut giulia, room, 2, (after, 1)).await.expect("a page");
        assert_eq!((chosen(&page), page.more), (expected[1..].to_vec(), false));
        let again = marco.listed(room).await.expect("listed");
        assert_eq!((again.number, &again.preview), (listed.number, &listed.preview));
        assert_eq!(giulia.positions(room).await, [1, 2, 3, 4, 5, 6, 7]);
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
        anna = world.connect("anna").await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_poll_is_not_sent() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    let options = |options: &'static [&'static str]| {
        move |poll: &mut PollBody| {
            poll.options = List::cut(options.iter().map(|option| Text::cut(option)).collect());
        }
    };
    for few in [&[][..], &["a"], &["a", "b", " a "]] {
        assert_eq!(code(ask(&mut giulia, room, options(few)).await), ErrorCode::Invalid, "{few:?}");
    }
    assert_eq!(code(ask(&mut giulia, room, options(&["a", " "])).await), ErrorCode::TextEmpty);
    let nothing = ask(&mut giulia, room, |poll| poll.question = Text::cut(" \n")).await;
    assert_eq!(code(nothing), ErrorCode::TextEmpty);
    let long = ask(&mut giulia, room, |poll| poll.question = Text::cut(&"x".repeat(301))).await;
    assert_eq!(code(long), ErrorCode::TextTooLong);
    for closes in [START, START + 400 * 86_400_000] {
        let past = ask(&mut giulia, room, |poll| poll.closes = Some(Timestamp(closes))).await;
        assert_eq!(code(past), ErrorCode::Invalid);
    }
    assert_eq!(giulia.positions(room).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn votes_that_do_not_count_change_nothing() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    giulia.send(room, "ciao").await.expect("sent");
    ask(&mut giulia, room, |_| {}).await.expect("sent");
    vote(&mut marco, room, 3, &[1]).await.expect("voted");
    for (position, choices, expected) in [
        (3, &[3][..], ErrorCode::Invalid),
        (3, &[0, 1], ErrorCode::Invalid),
        (2, &[0], ErrorCode::NotAPoll),
        (1, &[0], ErrorCode::NotFound),
        (9, &[0], ErrorCode::NotFound),
    ] {
        assert_eq!(code(vote(&mut marco, room, position, choices).await), expected);
    }
    assert_eq!(code(results(&mut marco, room, 2).await), ErrorCode::NotAPoll);
    assert_eq!(code(close(&mut giulia, room, 2).await), ErrorCode::NotAPoll);
    let nobody = voters(&mut marco, room, 2, (None, 5)).await;
    assert_eq!(code(nobody), ErrorCode::NotAPoll);
    // Strangers, and who joined later.
    assert_eq!(code(vote(&mut anna, room, 3, &[0]).await), ErrorCode::NotFound);
    giulia.add(room, &["anna"]).await.expect("added");
    assert_eq!(code(vote(&mut anna, room, 3, &[0]).await), ErrorCode::NotFound);
    assert_eq!(code(results(&mut anna, room, 3).await), ErrorCode::NotFound);
    assert_eq!(code(voters(&mut anna, room, 3, (None, 5)).await), ErrorCode::NotFound);
    anna.settle().await;
    vote(&mut marco, room, 3, &[2]).await.expect("voted");
    // Who does not see the poll does not learn what comes out.
    assert_eq!(told(&anna.entry().await), (vec![], 0));
    let found = results(&mut giulia, room, 3).await.expect("results");
    assert_eq!(counts(Some(&found.tally)), (vec![0, 0, 1], 1));
    // A poll stays as it is; a text does not become one.
    let other = edit(&mut giulia, room, 3, "otherwise").await;
    assert_eq!(code(other), ErrorCode::Invalid);
    let (key, position) = (giulia.key(), Position(3));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    assert_eq!(code(vote(&mut marco, room, 3, &[0]).await), ErrorCode::Deleted);
    assert_eq!(code(close(&mut giulia, room, 3).await), ErrorCode::Deleted);
    assert_eq!(code(results(&mut marco, room, 3).await), ErrorCode::Deleted);
    assert_eq!(code(voters(&mut marco, room, 3, (None, 5)).await), ErrorCode::Deleted);
    let mut service = world.service().await;
    let meetup = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made").room;
    ask(&mut giulia, meetup, |_| {}).await.expect("sent");
    let position = giulia.listed(meetup).await.expect("listed").head.get();
    assert_eq!(code(vote(&mut service, meetup, position, &[0]).await), ErrorCode::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn several_choices_count_one_voter() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    ask(&mut giulia, room, |poll| poll.multiple = true).await.expect("sent");
    vote(&mut marco, room, 2, &[2, 0, 2]).await.expect("voted");
    vote(&mut giulia, room, 2, &[0]).await.expect("voted");
    let found = results(&mut marco, room, 2).await.expect("results");
    assert_eq!(counts(Some(&found.tally)), (vec![2, 0, 1], 2));
    assert_eq!(found.own.to_vec(), [0, 2]);
}

#[tokio::test(start_paused = true)]
async fn nobody_learns_who_voted_anonymously() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    ask(&mut giulia, room, |poll| poll.anonymous = true).await.expect("sent");
    giulia.settle().await;
    vote(&mut marco, room, 2, &[1]).await.expect("voted");
    let entry = giulia.entry().await;
    assert_eq!(told(&entry), (vec![0, 1, 0], 1));
    assert!(!format!("{entry:?}").contains("marco"));
    let resumed = format!("{:?}", giulia.resume(room, 2).await);
    assert!(resumed.contains("tallied") || resumed.contains("Tallied"));
    assert!(!resumed.contains("marco"), "{resumed}");
    let refused = voters(&mut giulia, room, 2, (None, 5)).await;
    assert_eq!(code(refused), ErrorCode::Forbidden);
    assert_eq!(results(&mut giulia, room, 2).await.expect("results").own.to_vec(), [0; 0]);
    assert_eq!(results(&mut marco, room, 2).await.expect("results").own.to_vec(), [1]);
    vote(&mut marco, room, 2, &[2]).await.expect("voted otherwise");
    let found = results(&mut giulia, room, 2).await.expect("results");
    assert_eq!(counts(Some(&found.tally)), (vec![0, 0, 1], 1));
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_closed_by_hand_and_by_time() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    ask(&mut marco, room, |_| {}).await.expect("sent");
    vote(&mut anna, room, 2, &[0]).await.expect("voted");
    assert_eq!(code(close(&mut anna, room, 2).await), ErrorCode::Forbidden);
    let closed = close(&mut marco, room, 2).await.expect("closed");
    assert_eq!(
        close(&mut giulia, room, 2).await.expect("closed already").position,
        closed.position
    );
    assert_eq!(code(vote(&mut anna, room, 2, &[1]).await), ErrorCode::PollClosed);
    assert_eq!(code(vote(&mut anna, room, 2, &[]).await), ErrorCode::PollClosed);
    let found = results(&mut anna, room, 2).await.expect("results");
    assert_eq!((counts(Some(&found.tally)), found.closed), ((vec![1, 0, 0], 1), true));
    let closes = Some(Timestamp(START + 60_000));
    let timed = ask(&mut marco, room, |poll| poll.closes = closes).await.expect("sent").position;
    vote(&mut anna, room, timed.get(), &[0]).await.expect("voted");
    world.clock.set(START + 60_000);
    assert_eq!(code(vote(&mut anna, room, timed.get(), &[1]).await), ErrorCode::PollClosed);
    assert!(results(&mut anna, room, timed.get()).await.expect("results").closed);
    // Who moderates closes what others ask.
    let third = ask(&mut marco, room, |_| {}).await.expect("sent").position;
    close(&mut giulia, room, third.get()).await.expect("closed");
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_forwarded_as_a_text_and_scheduled_as_it_is() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let (room, other) = (giulia.group(&[]).await, giulia.group(&[]).await);
    ask(&mut giulia, room, |_| {}).await.expect("sent");
    vote(&mut giulia, room, 2, &[0]).await.expect("voted");
    let (key, position) = (giulia.key(), Position(2));
    let forward = Forward { key, room: other, source: room, position, copied: None };
    let at = giulia.appended(Command::Forward(forward)).await.expect("forwarded").position;
    let copy = message(&mut giulia, other, at.get()).await;
    let Body::Text(words) = &copy.body else { panic!("{copy:?}") };
    assert_eq!((words.text.as_str(), copy.tally()), ("Where do we meet?\n- a\n- b\n- c", None));
    let (key, body, due) = (giulia.key(), Body::Poll(poll(|_| {})), Timestamp(START + 3_600_000));
    let schedule = Schedule { key, room, body, extras: List::default(), due };
    giulia.ask(Command::Schedule(schedule)).await.expect("scheduled");
}

#[tokio::test(start_paused = true)]
async fn a_vote_is_done_once_and_survives_its_owner() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    ask(&mut giulia, room, |_| {}).await.expect("sent");
    let partition = TimelineRow::partition(&room, &1, &1);
    let before: Vec<TimelineRow> =
        tables::partition(world.raw_store(), partition, 10).await.expect("rows");
    let command = voting(giulia.key(), room, Position(2), &[0]);
    let first = giulia.appended(command.clone()).await.expect("voted");
    vote(&mut giulia, room, 2, &[1]).await.expect("voted otherwise");
    assert_eq!(giulia.appended(command.clone()).await.expect("the same answer"), first);
    vote(&mut marco, room, 2, &[2]).await.expect("voted");
    tokio::time::sleep(Duration::from_secs(3)).await;
    // As if the owner had stopped when the last entry was durable, and nothing with it that follows.
    let mut row = before.iter().find(|row| row.position == Position(2)).expect("a row").clone();
    row.append = Position(2);
    let mut batch = world.batch();
    batch.put(&row);
    batch.delete::<tables::VoteRow>(tables::VoteRow::key(&room, &Position(2), &user("marco")));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.appended(command).await.expect("the same answer"), first);
    let found = results(&mut giulia, room, 2).await.expect("results");
    assert_eq!(counts(Some(&found.tally)), (vec![0, 1, 1], 2));
    vote(&mut giulia, room, 2, &[2]).await.expect("voted");
    let page = voters(&mut giulia, room, 2, (None, 5)).await.expect("a page");
    assert_eq!(chosen(&page), [("giulia".to_owned(), vec![2]), ("marco".to_owned(), vec![2])]);
}

#[tokio::test(start_paused = true)]
async fn in_a_large_room_votes_share_entries_and_messages_pass_them() {
    let world = World::with(caffis_core::Settings {
        small_room_members: 10,
        ..crate::harness::unhurried()
    })
    .await;
    let names: Vec<String> = (0..40).map(|number| format!("person-{number:02}")).collect();
    let mut clients = Vec::new();
    for name in &names {
        clients.push(world.connect(name).await);
    }
    let others: Vec<&str> = names[1..].iter().map(String::as_str).collect();
    let room = clients[0].group(&others).await;
    for client in &mut clients {
        client.open(room).await.expect("opened");
    }
    ask(&mut clients[0], room, |_| {}).await.expect("sent");
    let mut asked = Vec::new();
    for (number, client) in clients[..39].iter_mut().enumerate() {
        let command = voting(client.key(), room, Position(2), &[(number % 3) as u8]);
        asked.push(client.start(command).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = tokio::time::Instant::now();
    clients[39].send(room, "who waits?").await.expect("sent");
    // From another node it comes with the votes that were asked there before.
    let most = if world.nodes().len() == 1 { 5 } else { 255 };
    assert!(begun.elapsed() < Duration::from_millis(most), "a message does not wait for votes");
    for (client, id) in clients.iter_mut().zip(asked) {
        client.answer(id).await.expect("voted");
    }
    let found = results(&mut clients[0], room, 2).await.expect("results");
    assert_eq!(counts(Some(&found.tally)), (vec![13, 13, 13], 39));
    // 390 milliseconds of votes: the first, and one entry for each time that they waited for each other or went with the message.
    let page = clients[0].positions(room).await;
    assert!(page.len() <= 2 + 5 + 1, "{page:?}");
    let entries = clients[1].settle().await;
    let told = entries.iter().filter(|event| format!("{event:?}").contains("Tallied")).count();
    assert!((1..=5).contains(&told), "{told} entries told of 39 votes");
}
