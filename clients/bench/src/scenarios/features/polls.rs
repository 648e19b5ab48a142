//! Polls.

use caffis_schema::{
    Command, List, Reply,
    polls::{ClosePoll, PollAt, Vote, Voters},
};

use super::{
    feature::{Feature, feature},
    place::{MEMBERS, Place, Who},
};

pub(super) const FEATURES: &[Feature] = &[
    feature("send a poll", Place::send_poll),
    feature("vote", vote),
    feature("close a poll", |it, n| {
        Command::ClosePoll(ClosePoll { key: it.key(n), room: it.room, position: it.made[n] })
    })
    .before(|it, n| (n < it.times).then(|| (0, it.send_poll(n)))),
    feature("result of a poll", |it, _| Command::Poll(PollAt { room: it.room, position: it.poll }))
        .before(all_vote)
        .check(|reply| matches!(reply, Reply::Poll(poll) if poll.tally.voters as usize == MEMBERS)),
    feature("voters of a poll", |it, _| {
        let (room, position) = (it.room, it.poll);
        Command::Voters(Voters { room, position, after: None, limit: 100 })
    })
    .before(all_vote)
    .check(|reply| matches!(reply, Reply::Voters(page) if page.voters.len() == MEMBERS)),
];

fn vote(it: &Place, n: usize) -> Command {
    let choices = List::cut(vec![u8::from(n % 2 == 1)]);
    let (key, room, position) = (it.key(n), it.room, it.poll);
    Command::Vote(Vote { key, room, position, choices })
}

fn all_vote(it: &Place, n: usize) -> Option<(Who, Command)> {
    (n < MEMBERS).then(|| (n, vote(it, n)))
}
