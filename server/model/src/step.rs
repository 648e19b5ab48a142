//! The names of the steps, which the code that does them shares.

use std::fmt;

/// Declares the steps and their names.
macro_rules! steps {
    ($($name:ident $text:literal $says:literal;)*) => {
        /// One step of a trace.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Step {
            $(#[doc = $says] $name,)*
        }

        impl fmt::Display for Step {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self {
                    $(Self::$name => $text,)*
                })
            }
        }
    };
}

steps! {
    Tick "tick" "Time passes.";
    Crash "crash" "A process ends.";
    Start "start" "A process starts.";
    Land "land" "A write is durable.";
    Lose "lose" "An answer is given up; what was asked for may still happen.";
    Renew "renew" "A holder writes a new beat into its lease.";
    Look "look" "A serial read of a row of one's own, or of the shard's.";
    Watch "watch" "A claimer reads the lease of the owner, and starts its clock.";
    Fence "fence" "A claimer ends the lease of the owner.";
    Claim "claim" "The shard's row gets a new owner and the next epoch.";
    Drain "drain" "An owner takes no new command.";
    Release "release" "An owner gives its shard away.";
    Append "append" "Entries are sent, with the rows that go with them.";
    Read "read" "An owner reads the room.";
    Adopt "adopt" "What may not be durable is written again.";
    Remember "remember" "Rows of `sent` are written again.";
    Open "open" "A new bucket is opened.";
    Repair "repair" "Rows that follow from entries are written again.";
    Follow "follow" "Rows that follow from entries are sent.";
    Check "check" "The lease is checked.";
    Tell "tell" "Somebody is told what is durable.";
    Send "send" "A client sends a command, or a copy of it.";
    Deliver "deliver" "The bus delivers a command that changes nothing.";
    Forget "forget" "Memory gives up what is older.";
    Ask "ask" "A reader asks the owner how far the room is.";
    Fetch "fetch" "A reader reads rows.";
    Admit "admit" "The owner is asked whether a person may see the room.";
    Hand "hand" "Rows are handed out.";
    Sweep "sweep" "A reactor reads what has happened, and moves its cursor.";
    Refuse "refuse" "Somebody is told that a command did not happen.";
}
