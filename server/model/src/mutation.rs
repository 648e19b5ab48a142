//! The rules, each with the ways in which it can be switched off.

use crate::Failure::{self, *};

/// The part of the protocol that a model covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Rules 1 to 7: who owns the shard.
    Lease,
    /// Rules 7 to 17 and 19: how a room is written and taken over.
    Log,
    /// Rules 18 and 20: resends and refusals.
    Resend,
    /// Rules 21 and 22: readers on other nodes.
    Reader,
    /// Rules 15, 23 and 24: reactors.
    Reactor,
}

impl Part {
    /// All of them, in the order of the rules.
    pub const ALL: [Self; 5] = [Self::Lease, Self::Log, Self::Resend, Self::Reader, Self::Reactor];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Log => "log",
            Self::Resend => "resend",
            Self::Reader => "reader",
            Self::Reactor => "reactor",
        }
    }

    /// What it is about.
    pub fn covers(self) -> &'static str {
        match self {
            Self::Lease => "who owns a shard, and which stamps its owner may use (rules 1 to 7)",
            Self::Log => "how a room is written and taken over (rules 7 to 17, and 19)",
            Self::Resend => "copies of a command, and what is said of them (rules 18 and 20)",
            Self::Reader => "a reader on another node (rules 21 and 22)",
            Self::Reactor => "a reactor, which must miss nothing (rules 15, 23 and 24)",
        }
    }
}

/// One rule, not kept in one way.
pub struct Description {
    /// The model that finds it out.
    pub part: Part,
    /// The number of the rule.
    pub rule: u8,
    /// What is done instead.
    pub says: &'static str,
    /// The scenarios that show it.
    pub scenarios: &'static [&'static str],
    /// The failures that follow, each of which the model finds there, and no other.
    pub failures: &'static [Failure],
}

/// Declares the mutations, with [`Mutation::ALL`] and [`Mutation::describe`].
macro_rules! mutations {
    ($($name:ident: $part:ident $rule:literal in $scenarios:expr, $failures:expr, $says:literal;)*) => {
        /// A rule that is switched off, by what is done instead.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutation {
            $(#[doc = $says] $name,)*
        }

        impl Mutation {
            /// All of them, in the order of the models and rules.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The rule, what is done instead, and what follows from it.
            pub fn describe(self) -> Description {
                match self {
                    $(Self::$name => Description {
                        part: Part::$part,
                        rule: $rule,
                        scenarios: &$scenarios,
                        failures: &$failures,
                        says: $says,
                    },)*
                }
            }
        }
    };
}

mutations! {
    KeepsItsName: Lease 1 in ["return"], [EpochReused],
        "A process that returns takes for its own what bears its old name.";
    RepeatsBeats: Lease 2 in ["expiry"], [Lost],
        "A renewal that is tried again writes the same beat again.";
    CountsFromTheAnswer: Lease 3 in ["expiry"], [Lost],
        "The holder counts its lease from the answer to the renewal.";
    ClockStandsStill: Lease 3 in ["expiry"], [Lost],
        "The holder's clock stands still during suspend.";
    ClockBeforeTheRead: Lease 4 in ["expiry"], [Lost],
        "A claimer starts its clock before it has read the lease.";
    NoFence: Lease 4 in ["expiry"], [Lost],
        "A claimer claims after its wait without a fence, if it reads the same beat again.";
    ClaimsAfterUnknownFence: Lease 4 in ["expiry"], [Lost],
        "A claimer claims after a fence of unknown outcome.";
    RenewsFencedLease: Lease 4 in ["expiry"], [Lost],
        "A renewal takes effect although the lease is fenced.";
    WorksAfterUnknownClaim: Lease 5 in ["claims"], [EpochReused],
        "A claimer works after a claim of unknown outcome.";
    ReleasesWithWritesUnderWay: Lease 6 in ["handover"], [Lost],
        "An owner releases the shard while a write has no answer.";
    TakesBackWithoutClaim: Lease 6 in ["handover"], [Lost],
        "An owner goes on in its epoch after a release of unknown outcome.";
    UsesUnknownReservation: Lease 7 in ["stamps"], [EditUndone],
        "An owner uses stamps of a renewal of unknown outcome.";
    IgnoresFloor: Lease 7 in ["stamps"], [EditUndone],
        "A claim does not raise the floor to what the former owner has reserved.";
    StampsBelowFloor: Log 7 in ["edits"], [EditUndone],
        "A new owner's stamps are lower than those of the former owner.";
    NamesBucketsByPosition: Log 8 in ["messages"], [Lost, MixedRows],
        "A bucket is named by its first position.";
    GoesOnInTheSameBucket: Log 8 in ["messages"], [MixedRows],
        "After an append of unknown outcome the owner goes on in the same bucket.";
    ChainsByName: Log 9 in ["messages"], [Hole, Lost],
        "The log is all buckets in the order of their names, not the chain.";
    NamesEmptyBucket: Log 9 in ["messages"], [Hole, Lost],
        "A bucket names the bucket opened before it, even one that holds nothing.";
    TellsBeforeBucketIsDurable: Log 9 in ["messages"], [Lost],
        "A reply does not wait for the row of the bucket.";
    TellsWithoutCheck: Log 11 in ["messages"], [Lost],
        "An append is told without a check of the lease.";
    SendsRowsWithTheAppend: Log 12 in ["joins"], [GhostMember],
        "Rows that follow from entries are sent together with the append.";
    SendsRowsWithoutCheck: Log 12 in ["joins"], [GhostMember],
        "Rows that follow from entries are sent without a check of the lease.";
    TellsBeforeRowsAreDurable: Log 12 in ["edits", "joins", "leaves"], [EditUndone, MissingMember, RemovalUndone],
        "An append is told before the rows that follow from it are durable.";
    ReadsOneReplica: Log 13 in ["messages"], [Lost],
        "A takeover reads one replica instead of a quorum.";
    AdoptsNothing: Log 14 in ["messages"], [Hole, Lost],
        "A takeover does not write the last append again.";
    AdoptsLastEntryOnly: Log 14 in ["messages"], [Hole, Lost],
        "A takeover writes only the last entry again, not all of its append.";
    LeavesBucketRow: Log 14 in ["buckets"], [Hole, Lost],
        "A takeover does not write the row of the last append's bucket again.";
    LeavesSentRows: Log 15 in ["resends"], [Doubled],
        "A takeover does not write the `sent` rows of the last append again.";
    RefusesBeforeOpening: Log 16 in ["refusals"], [RefusedHappened],
        "A new owner refuses commands before its bucket is open.";
    OpensBeforeAdopting: Log 16 in ["messages", "buckets"], [Hole, Lost],
        "A new owner opens its bucket before the last append is durable.";
    OpensWithoutCheck: Log 16 in ["joins"], [GhostMember],
        "A new owner does not check its lease after its bucket was opened.";
    LeavesRows: Log 17 in ["edits", "joins", "leaves"], [EditUndone, MissingMember, RemovalUndone],
        "A takeover does not repair the rows that follow from the last append.";
    TrustsSentRows: Log 19 in ["resends"], [Lost],
        "A row of `sent` counts although the log has no such command there.";
    EachCopyItsHead: Resend 18 in ["resends"], [Doubled],
        "Each copy carries the head that the client knows when it sends the copy.";
    OnlyResendsAreLookedUp: Resend 18 in ["resends"], [Doubled],
        "Copies say whether they are resends, and only those are looked up.";
    RefusesWithoutLease: Resend 20 in ["refusals"], [RefusedHappened],
        "A former owner refuses without its lease.";
    RefusesWhatIsUnderWay: Resend 20 in ["refusals"], [RefusedHappened],
        "A copy is refused while an append with the command is under way.";
    ForgetsRefusals: Resend 20 in ["refusals"], [RefusedHappened],
        "An owner forgets what it has refused while another copy is on its way.";
    CopiesOutliveTheirOwner: Resend 20 in ["refusals"], [RefusedHappened],
        "A copy that was sent to one owner is taken by the next one.";
    HandsOutWhatIsNotTold: Reader 21 in ["reader"], [Conflict],
        "A reader hands out a position that the owner has not told.";
    FindsBucketsItself: Reader 21 in ["reader"], [Conflict],
        "A reader reads from the buckets that it has found before it asked.";
    AdmitsFirst: Reader 21 in ["reader"], [Leak],
        "A reader asks whether the person may see the room before it reads.";
    AnswersWithoutLease: Reader 22 in ["reader"], [Stale],
        "A former owner answers without its lease.";
    LeavesActivity: Reactor 15 in ["reactor"], [Missed],
        "A takeover does not write a row of `activity`.";
    LeavesCursor: Reactor 15 in ["reactor"], [Missed],
        "A takeover does not write the reactors' cursor again.";
    MinuteByClockOnly: Reactor 23 in ["reactor"], [Missed],
        "The minute of `activity` is that of the clock, also below the cursor.";
    TellsBeforeActivity: Reactor 23 in ["reactor"], [Missed],
        "An append is told before its row of `activity` is durable.";
    MovesPastOpenMinutes: Reactor 24 in ["reactor"], [Missed],
        "A reactor moves its cursor past minutes in which writes are under way.";
    ReadsTheRoomFromAView: Reactor 24 in ["reactor"], [Missed],
        "A reactor takes what a view shows of a room, which may be behind, instead of asking its owner.";
}

impl Mutation {
    /// The name, as words for the command line: `no-fence`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }
}
