//! One loop for each link: hello, commands in, replies and events out, farewell.
//!
//! The loop owns the link and never waits for a command: handlers run as futures beside it, bounded
//! in number, and what the hub has for the session waits in its [`Outbound`] queue. When too many
//! commands are under way it stops reading, and the peer feels it.
//!
//! [`Outbound`]: crate::hub::outbound::Outbound

mod asked;
mod end;
mod first;
mod frames;
mod greeting;
mod hello;
mod link_loop;
mod log;
mod siblings;
mod timers;

pub use self::greeting::Greeted;
pub(crate) use self::greeting::greet;
