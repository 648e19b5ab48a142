//! The rules, each with the ways in which it can be switched off.

use crate::Failure::{self, *};

/// The part of the protocol that a model covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Rules 1 to 7: who owns the shard.
    Lease,
}

impl Part {
    /// All of them, in the order of the rules.
    pub const ALL: [Self; 1] = [Self::Lease];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lease => "lease",
        }
    }

    /// What it is about.
    pub fn covers(self) -> &'static str {
        match self {
            Self::Lease => "who owns a shard, and which stamps its owner may use (rules 1 to 7)",
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
    /// The failures that follow, each of which the model finds.
    pub failures: &'static [Failure],
}

/// Declares the mutations, with [`Mutation::ALL`] and [`Mutation::describe`].
macro_rules! mutations {
    ($($name:ident: $part:ident $rule:literal $failures:expr, $says:literal;)*) => {
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
                let (part, rule, says, failures): (_, _, _, &'static [Failure]) = match self {
                    $(Self::$name => (Part::$part, $rule, $says, &$failures),)*
                };
                Description { part, rule, says, failures }
            }
        }
    };
}

mutations! {
    KeepsItsName: Lease 1 [EpochReused],
        "A process that returns takes for its own what bears its old name.";
    RepeatsBeats: Lease 2 [Lost],
        "A renewal that is tried again writes the same beat again.";
    CountsFromTheAnswer: Lease 3 [Lost],
        "The holder counts its lease from the answer to the renewal.";
    ClockStandsStill: Lease 3 [Lost],
        "The holder's clock stands still during suspend.";
    ClockBeforeTheRead: Lease 4 [Lost],
        "A claimer starts its clock before it has read the lease.";
    NoFence: Lease 4 [Lost],
        "A claimer claims after its wait without a fence, if it reads the same beat again.";
    ClaimsAfterUnknownFence: Lease 4 [Lost],
        "A claimer claims after a fence of unknown outcome.";
    RenewsFencedLease: Lease 4 [Lost],
        "A renewal takes effect although the lease is fenced.";
    WorksAfterUnknownClaim: Lease 5 [EpochReused],
        "A claimer works after a claim of unknown outcome.";
    ReleasesWithWritesUnderWay: Lease 6 [Lost],
        "An owner releases the shard while a write has no answer.";
    TakesBackWithoutClaim: Lease 6 [Lost],
        "An owner goes on in its epoch after a release of unknown outcome.";
    UsesUnknownReservation: Lease 7 [EditUndone],
        "An owner uses stamps of a renewal of unknown outcome.";
    IgnoresFloor: Lease 7 [EditUndone],
        "A claim does not raise the floor to what the former owner has reserved.";
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
