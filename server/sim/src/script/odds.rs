//! How often each deed is done.

use caffis_conformance::random::Random;

/// What is done in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Send,
    Resend,
    Edit,
    Delete,
    React,
    Pin,
    Read,
    Open,
    Close,
    Type,
    Add,
    Remove,
    Leave,
    Raise,
    HandOver,
    Set,
    Vote,
    ClosePoll,
    Follow,
    ReadThread,
    Invite,
    Join,
    Revoke,
    Keep,
    Report,
    Import,
    Schedule,
    Reschedule,
    Relate,
    Context,
    Group,
    Direct,
    Cut,
    HalfOpen,
    Block,
    Faults,
    Clock,
    Crash,
    Drain,
}

/// Of a thousand steps, in how many each deed is done.
const ODDS: &[(Deed, usize)] = &[
    (Deed::Send, 194),
    (Deed::Resend, 53),
    (Deed::Edit, 40),
    (Deed::Delete, 15),
    (Deed::React, 22),
    (Deed::Pin, 8),
    (Deed::Read, 70),
    (Deed::Open, 50),
    (Deed::Close, 20),
    (Deed::Type, 35),
    (Deed::Add, 40),
    (Deed::Remove, 35),
    (Deed::Leave, 15),
    (Deed::Raise, 20),
    (Deed::HandOver, 5),
    (Deed::Set, 24),
    (Deed::Vote, 25),
    (Deed::ClosePoll, 3),
    (Deed::Follow, 8),
    (Deed::ReadThread, 15),
    (Deed::Invite, 8),
    (Deed::Join, 18),
    (Deed::Revoke, 2),
    (Deed::Keep, 34),
    (Deed::Report, 6),
    (Deed::Import, 8),
    (Deed::Schedule, 15),
    (Deed::Reschedule, 15),
    (Deed::Relate, 12),
    (Deed::Context, 24),
    (Deed::Group, 36),
    (Deed::Direct, 15),
    (Deed::Cut, 40),
    (Deed::HalfOpen, 10),
    (Deed::Block, 15),
    (Deed::Faults, 30),
    (Deed::Clock, 6),
    (Deed::Crash, 5),
    (Deed::Drain, 4),
];

const _: () = {
    let (mut sum, mut place) = (0, 0);
    while place < ODDS.len() {
        sum += ODDS[place].1;
        place += 1;
    }
    assert!(sum == 1_000, "the odds of all deeds are a thousand");
};

/// Draws a deed.
pub(super) fn draw(random: &mut Random) -> Deed {
    let mut drawn = random.below(1_000);
    for (deed, odds) in ODDS {
        if drawn < *odds {
            return *deed;
        }
        drawn -= odds;
    }
    Deed::Send
}
