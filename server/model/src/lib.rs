//! A model of how a room is owned, written and taken over, searched exhaustively within small bounds.
//!
//! The rules have numbers, and each was found to be needed: a [`Mutation`] switches one off, and
//! [`convict`] finds the [`Failure`] that it prevents, with a shortest trace. With all rules on,
//! [`Search::clean`] finds none. Every model says in its head what it keeps of the real thing, and
//! what it leaves out and why that is safe:
//!
//! - [`Lease`]: rules 1 to 7, who owns a shard and which stamps its owner may use.
//! - [`Log`]: rules 7 to 17 and 19, how a room is written and taken over.
//! - [`Resend`]: rules 18 and 20, copies of a command and what is said of them.
//! - [`Reader`]: rules 21 and 22, a reader on another node.
//! - [`Reactor`]: rules 15, 23 and 24, what follows entries and must miss none.
//!
//! The code that does what the models describe shares the names of their steps ([`Step`]): tick,
//! crash, start, land, lose; renew, look, watch, fence, claim, drain, release; read, adopt, remember,
//! open, check, repair; append, follow, tell, refuse; send, deliver, forget; ask, fetch, admit, hand;
//! sweep.
//!
//! [`check`] is the search itself; [`Model`] what it needs to know.

mod checker;
mod failure;
mod lease;
mod log;
mod mutation;
mod reactor;
mod reader;
mod resend;
mod step;
mod store;
mod suite;

pub use checker::{Line, Model, Next, Outcome, check};
pub use failure::Failure;
pub use lease::{Lease, Scenario as LeaseScenario};
pub use log::{Command, Log, Scenario as LogScenario};
pub use mutation::{Description, Mutation, Part};
pub use reactor::{Reactor, Scenario as ReactorScenario};
pub use reader::{Reader, Scenario as ReaderScenario};
pub use resend::{Resend, Scenario as ResendScenario};
pub use step::Step;
pub use suite::{Finding, Search, Width, convict};
