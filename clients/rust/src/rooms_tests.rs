//! Entries that come in any order, and answers that close the gaps.

use caffis_schema::{EntryKind, List, Timestamp, event::Joined};

use super::*;

fn room(number: u64) -> RoomId {
    RoomId::from_random(number)
}

fn entry(position: u64) -> Entry {
    let kind = EntryKind::Joined(Joined {
        users: List::default(),
        by: None,
        visible_after: Position(0),
        invite: None,
    });
    Entry { position: Position(position), time: Timestamp(position), kind }
}

fn positions(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.position.get()).collect()
}

/// The cursors of the next question.
fn next_resume(rooms: &mut Rooms) -> Vec<Cursor> {
    rooms.next_resume().1
}

/// An answer to the last question that was asked for this room.
fn resumed(rooms: &mut Rooms, resumed: Resumed, any_entries: bool) -> Outcome {
    let id = rooms.rooms.get(&resumed.room).and_then(|rooms| rooms.resume);
    rooms.resumed(id.unwrap_or_default(), resumed, any_entries)
}

fn answer(standing: Standing, entries: &[u64], more: bool, head: u64) -> Resumed {
    let entries = List::cut(entries.iter().map(|position| entry(*position)).collect());
    Resumed { room: room(1), standing, entries, more, head: Position(head) }
}

#[test]
fn entries_come_out_in_order_and_once() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(3));
    assert_eq!(positions(&rooms.entry(room(1), entry(4))), [4]);
    assert_eq!(positions(&rooms.entry(room(1), entry(4))), [] as [u64; 0]);
    assert_eq!(positions(&rooms.entry(room(1), entry(2))), [] as [u64; 0]);
    assert!(next_resume(&mut rooms).is_empty());
}

#[test]
fn a_gap_is_asked_once_and_closed_by_the_answer() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(3));
    assert!(rooms.entry(room(1), entry(6)).is_empty());
    let cursors = next_resume(&mut rooms);
    assert_eq!((cursors.len(), cursors[0].position.get()), (1, 3));
    assert!(rooms.entry(room(1), entry(7)).is_empty());
    assert!(next_resume(&mut rooms).is_empty(), "one id at a time");
    let outcome = resumed(&mut rooms, answer(Standing::Complete, &[4, 5], false, 5), true);
    let Outcome::Entries(entries) = outcome else { panic!("{outcome:?}") };
    assert_eq!(positions(&entries), [4, 5, 6, 7]);
    assert!(next_resume(&mut rooms).is_empty());
}

#[test]
fn an_answer_that_did_not_fit_is_asked_on() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(0));
    rooms.note_head(room(1), Position(10));
    assert_eq!(next_resume(&mut rooms)[0].position, Position(0));
    resumed(&mut rooms, answer(Standing::Complete, &[1, 2], true, 10), true);
    assert_eq!(next_resume(&mut rooms)[0].position, Position(2));
}

#[test]
fn a_flood_beyond_a_gap_is_bounded() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(0));
    for position in 2..2_000 {
        assert!(rooms.entry(room(1), entry(position)).is_empty());
    }
    assert_eq!(rooms.rooms[&room(1)].ahead.len(), Rooms::AHEAD);
    next_resume(&mut rooms);
    resumed(&mut rooms, answer(Standing::Complete, &[1], true, 1_999), true);
    assert_eq!(next_resume(&mut rooms)[0].position, Position(1 + Rooms::AHEAD as u64));
    // What was dropped is not forgotten, whatever the answer believes to be the end.
    resumed(&mut rooms, answer(Standing::Complete, &[258, 259], false, 259), true);
    assert_eq!(next_resume(&mut rooms)[0].position, Position(259));
}

#[test]
fn a_reset_begins_after_the_head() {
    let mut rooms = Rooms::default();
    rooms.opened(room(1), Position(3), true);
    rooms.disconnected();
    assert_eq!(
        next_resume(&mut rooms)[0],
        Cursor { room: room(1), position: Position(3), open: true }
    );
    rooms.entry(room(1), entry(901));
    let outcome = resumed(&mut rooms, answer(Standing::Reset, &[], false, 900), true);
    assert_eq!(outcome, Outcome::Reset { head: Position(900), open: true });
    assert_eq!(positions(&rooms.opened(room(1), Position(900), true)), [901]);
}

#[test]
fn entries_that_overtake_the_first_page_wait_for_it() {
    let mut rooms = Rooms::default();
    rooms.begin_opening(room(1));
    assert!(rooms.entry(room(1), entry(10)).is_empty());
    assert!(next_resume(&mut rooms).is_empty());
    assert_eq!(positions(&rooms.opened(room(1), Position(9), false)), [10]);
    rooms.begin_opening(room(1));
    assert_eq!(positions(&rooms.entry(room(1), entry(11))), [11], "it is open already");
    rooms.begin_opening(room(2));
    rooms.open_failed(room(2));
    rooms.open_failed(room(1));
    assert!(!rooms.holds(room(2)) && rooms.holds(room(1)));
}

#[test]
fn gone_and_later() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(3));
    rooms.disconnected();
    next_resume(&mut rooms);
    assert_eq!(resumed(&mut rooms, answer(Standing::Later, &[], false, 0), true), Outcome::Later);
    assert!(next_resume(&mut rooms).is_empty() && rooms.has_waiting());
    rooms.tick();
    assert_eq!(next_resume(&mut rooms).len(), 1);
    assert_eq!(resumed(&mut rooms, answer(Standing::Gone, &[], false, 0), true), Outcome::Gone);
    rooms.disconnected();
    assert!(next_resume(&mut rooms).is_empty());
}

#[test]
fn more_rooms_than_one_question_takes_are_asked_in_turn_open_ones_first() {
    let mut rooms = Rooms::default();
    for number in 0..150 {
        rooms.hold(room(number), Position(1));
    }
    rooms.opened(room(149), Position(1), false);
    rooms.disconnected();
    let first = next_resume(&mut rooms);
    assert_eq!(first.len(), RESUME_CURSORS);
    assert_eq!(first[0].room, room(149));
    assert_eq!(next_resume(&mut rooms).len(), 50);
    assert!(next_resume(&mut rooms).is_empty());
}

#[test]
fn entries_that_overtake_the_answer_are_requested_after_it() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(3));
    rooms.note_head(room(1), Position(5));
    assert_eq!(next_resume(&mut rooms)[0].position, Position(3));
    rooms.note_head(room(1), Position(9));
    assert!(next_resume(&mut rooms).is_empty(), "one id at a time");
    resumed(&mut rooms, answer(Standing::Complete, &[4, 5], false, 5), true);
    assert_eq!(next_resume(&mut rooms)[0].position, Position(5));
    resumed(&mut rooms, answer(Standing::Complete, &[6, 7, 8, 9], false, 9), true);
    assert!(next_resume(&mut rooms).is_empty());
}

#[test]
fn what_is_heard_of_while_a_room_opens_is_asked_for_after_its_page() {
    let mut rooms = Rooms::default();
    rooms.begin_opening(room(1));
    rooms.note_head(room(1), Position(12));
    rooms.release_unless_open(room(1));
    for position in 13..1_000 {
        rooms.entry(room(1), entry(position));
    }
    assert!(next_resume(&mut rooms).is_empty());
    assert!(rooms.opened(room(1), Position(10), false).is_empty());
    assert_eq!(next_resume(&mut rooms)[0].position, Position(10));
    resumed(&mut rooms, answer(Standing::Complete, &[11, 12], false, 12), true);
    assert_eq!(next_resume(&mut rooms)[0].position, Position(12 + Rooms::AHEAD as u64));
}

#[test]
fn a_server_that_lacks_announced_entries_is_asked_less_and_less_often() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(3));
    rooms.note_head(room(1), Position(4));
    let (mut questions, mut rounds) = (0, Vec::new());
    while rounds.len() < 100 {
        let mut waited = 0;
        while next_resume(&mut rooms).is_empty() && waited < 100 {
            rooms.tick();
            waited += 1;
        }
        if waited == 100 {
            break;
        }
        rounds.push(waited);
        questions += 1;
        resumed(&mut rooms, answer(Standing::Complete, &[], false, 3), false);
    }
    assert_eq!(questions, Rooms::EMPTY_ANSWERS);
    assert_eq!(rounds, [0, 0, 1, 2, 4, 4, 4, 4]);
    rooms.note_head(room(1), Position(5));
    assert_eq!(next_resume(&mut rooms).len(), 1, "the next event speaks for itself");
}

#[test]
fn a_room_whose_turn_has_not_come_is_asked_again_at_once() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(3));
    rooms.note_head(room(1), Position(40));
    for _ in 0..20 {
        assert_eq!(next_resume(&mut rooms).len(), 1);
        resumed(&mut rooms, answer(Standing::Complete, &[], true, 40), true);
    }
}

#[test]
fn an_older_store_takes_a_room_back() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(20));
    rooms.note_head(room(1), Position(30));
    rooms.entry(room(1), entry(25));
    rooms.disconnected();
    assert_eq!(next_resume(&mut rooms)[0].position, Position(20));
    // Entries of the older store overtake the answer.
    assert!(rooms.entry(room(1), entry(13)).is_empty());
    let outcome = resumed(&mut rooms, answer(Standing::Reset, &[], false, 12), false);
    assert_eq!(outcome, Outcome::Reset { head: Position(12), open: false });
    assert_eq!(next_resume(&mut rooms)[0].position, Position(12));
    let outcome = resumed(&mut rooms, answer(Standing::Complete, &[13], false, 13), true);
    let Outcome::Entries(entries) = outcome else { panic!("{outcome:?}") };
    assert_eq!(positions(&entries), [13]);
    assert_eq!(positions(&rooms.entry(room(1), entry(14))), [14]);
    assert!(next_resume(&mut rooms).is_empty());
}

#[test]
fn a_room_that_comes_while_it_is_being_opened_stays_when_it_cannot_be_opened() {
    let mut rooms = Rooms::default();
    rooms.begin_opening(room(1));
    rooms.hold(room(1), Position(3));
    assert!(rooms.entry(room(1), entry(4)).is_empty());
    rooms.open_failed(room(1));
    assert_eq!(next_resume(&mut rooms)[0].position, Position(3));
    let outcome = resumed(&mut rooms, answer(Standing::Complete, &[4], false, 4), true);
    let Outcome::Entries(entries) = outcome else { panic!("{outcome:?}") };
    assert_eq!(positions(&entries), [4]);
}

#[test]
fn an_answer_from_before_a_room_was_lost_and_found_says_nothing() {
    let mut rooms = Rooms::default();
    rooms.hold(room(1), Position(3));
    rooms.note_head(room(1), Position(4));
    let (before, cursors) = rooms.next_resume();
    assert_eq!(cursors.len(), 1);
    rooms.release(room(1));
    rooms.hold(room(1), Position(9));
    rooms.note_head(room(1), Position(10));
    let (now, cursors) = rooms.next_resume();
    assert_eq!(cursors[0].position, Position(9));
    let gone = answer(Standing::Gone, &[], false, 0);
    assert_eq!(rooms.resumed(before, gone, false), Outcome::Nothing);
    let outcome = rooms.resumed(now, answer(Standing::Complete, &[10], false, 10), true);
    let Outcome::Entries(entries) = outcome else { panic!("{outcome:?}") };
    assert_eq!(positions(&entries), [10]);
}

#[test]
fn an_unreadable_room_is_asked_for_until_the_server_says_where_it_is() {
    let mut rooms = Rooms::default();
    rooms.hold_unreadable(room(1));
    assert!(next_resume(&mut rooms).is_empty() && rooms.has_waiting());
    rooms.tick();
    assert_eq!(next_resume(&mut rooms).len(), 1);
    resumed(&mut rooms, answer(Standing::Later, &[], false, 0), false);
    assert!(rooms.entry(room(1), entry(8)).is_empty());
    rooms.tick();
    assert_eq!(next_resume(&mut rooms).len(), 1);
    let outcome = resumed(&mut rooms, answer(Standing::Reset, &[], false, 7), false);
    assert_eq!(outcome, Outcome::Reset { head: Position(7), open: false });
    assert_eq!(
        next_resume(&mut rooms)[0].position,
        Position(7),
        "what came meanwhile is resume for"
    );
    resumed(&mut rooms, answer(Standing::Complete, &[8], false, 8), true);
    assert!(next_resume(&mut rooms).is_empty());
    rooms.hold_unreadable(room(1));
    assert!(!rooms.has_waiting(), "what is rooms stays");
    rooms.hold_unreadable(room(2));
    assert!(rooms.opened(room(2), Position(5), true).is_empty());
    assert_eq!(positions(&rooms.entry(room(2), entry(6))), [6]);
}

#[test]
fn what_is_known_of_a_rooms_head_is_noted() {
    let heads = Heads::default();
    let mut rooms = Rooms::with(heads.clone());
    let known = || heads.of(room(1)).get();
    assert_eq!(known(), 0);
    rooms.hold(room(1), Position(3));
    assert_eq!(known(), 3);
    // Also what was only heard of.
    rooms.entry(room(1), entry(7));
    assert_eq!(known(), 7);
    rooms.note_head(room(1), Position(9));
    assert_eq!(known(), 9);
    rooms.disconnected();
    assert_eq!(known(), 9);
    // The server came back with an older store.
    assert_eq!(next_resume(&mut rooms).len(), 1);
    resumed(&mut rooms, answer(Standing::Reset, &[], false, 2), false);
    assert_eq!(known(), 2);
    rooms.release(room(1));
    assert_eq!(known(), 0);
    rooms.hold_unreadable(room(1));
    rooms.note_head(room(1), Position(4));
    assert_eq!(known(), 4);
}
