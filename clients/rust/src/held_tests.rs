//! Entries that come in any order, and answers that close the gaps.

use caffis_schema::{EntryKind, List, Timestamp, event::Joined};

use super::*;

fn room(number: u64) -> RoomId {
    RoomId::from_random(number)
}

fn entry(position: u64) -> Entry {
    let kind = EntryKind::Joined(Joined { users: List::default(), by: None });
    Entry { position: Position(position), time: Timestamp(position), kind }
}

fn positions(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.position.get()).collect()
}

fn answer(standing: Standing, entries: &[u64], more: bool, head: u64) -> Resumed {
    let entries = List::cut(entries.iter().map(|position| entry(*position)).collect());
    Resumed { room: room(1), standing, entries, more, head: Position(head) }
}

#[test]
fn entries_come_out_in_order_and_once() {
    let mut held = Held::default();
    held.hold(room(1), Position(3));
    assert_eq!(positions(&held.entry(room(1), entry(4))), [4]);
    assert_eq!(positions(&held.entry(room(1), entry(4))), [] as [u64; 0]);
    assert_eq!(positions(&held.entry(room(1), entry(2))), [] as [u64; 0]);
    assert!(held.ask().is_empty());
}

#[test]
fn a_gap_is_asked_once_and_closed_by_the_answer() {
    let mut held = Held::default();
    held.hold(room(1), Position(3));
    assert!(held.entry(room(1), entry(6)).is_empty());
    let cursors = held.ask();
    assert_eq!((cursors.len(), cursors[0].position.get()), (1, 3));
    assert!(held.entry(room(1), entry(7)).is_empty());
    assert!(held.ask().is_empty(), "one question at a time");
    let outcome = held.resumed(answer(Standing::Complete, &[4, 5], false, 5));
    let Outcome::Entries(entries) = outcome else { panic!("{outcome:?}") };
    assert_eq!(positions(&entries), [4, 5, 6, 7]);
    assert!(held.ask().is_empty());
}

#[test]
fn an_answer_that_did_not_fit_is_asked_on() {
    let mut held = Held::default();
    held.hold(room(1), Position(0));
    held.behind(room(1), Position(10));
    assert_eq!(held.ask()[0].position, Position(0));
    held.resumed(answer(Standing::Complete, &[1, 2], true, 10));
    assert_eq!(held.ask()[0].position, Position(2));
}

#[test]
fn a_flood_beyond_a_gap_is_bounded() {
    let mut held = Held::default();
    held.hold(room(1), Position(0));
    for position in 2..2_000 {
        assert!(held.entry(room(1), entry(position)).is_empty());
    }
    assert_eq!(held.rooms[&room(1)].ahead.len(), Held::AHEAD);
    held.ask();
    held.resumed(answer(Standing::Complete, &[1], true, 1_999));
    assert_eq!(held.ask()[0].position, Position(1 + Held::AHEAD as u64));
}

#[test]
fn a_reset_begins_after_the_head() {
    let mut held = Held::default();
    held.opened(room(1), Position(3), true);
    held.cut();
    assert_eq!(held.ask()[0], Cursor { room: room(1), position: Position(3), open: true });
    held.entry(room(1), entry(901));
    let outcome = held.resumed(answer(Standing::Reset, &[], false, 900));
    assert_eq!(outcome, Outcome::Reset { head: Position(900), open: true });
    assert_eq!(positions(&held.opened(room(1), Position(900), true)), [901]);
}

#[test]
fn entries_that_overtake_the_first_page_wait_for_it() {
    let mut held = Held::default();
    held.opening(room(1));
    assert!(held.entry(room(1), entry(10)).is_empty());
    assert!(held.ask().is_empty());
    assert_eq!(positions(&held.opened(room(1), Position(9), false)), [10]);
    held.opening(room(1));
    assert_eq!(positions(&held.entry(room(1), entry(11))), [11], "it is open already");
    held.opening(room(2));
    held.not_opened(room(2));
    held.not_opened(room(1));
    assert!(!held.holds(room(2)) && held.holds(room(1)));
}

#[test]
fn gone_and_later() {
    let mut held = Held::default();
    held.hold(room(1), Position(3));
    held.cut();
    held.ask();
    assert_eq!(held.resumed(answer(Standing::Later, &[], false, 0)), Outcome::Later);
    assert!(held.ask().is_empty() && held.has_later());
    held.now();
    assert_eq!(held.ask().len(), 1);
    assert_eq!(held.resumed(answer(Standing::Gone, &[], false, 0)), Outcome::Gone);
    held.cut();
    assert!(held.ask().is_empty());
}

#[test]
fn more_rooms_than_one_question_takes_are_asked_in_turn_open_ones_first() {
    let mut held = Held::default();
    for number in 0..150 {
        held.hold(room(number), Position(1));
    }
    held.opened(room(149), Position(1), false);
    held.cut();
    let first = held.ask();
    assert_eq!(first.len(), RESUME_CURSORS);
    assert_eq!(first[0].room, room(149));
    assert_eq!(held.ask().len(), 50);
    assert!(held.ask().is_empty());
}
