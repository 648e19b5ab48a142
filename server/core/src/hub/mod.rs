//! What is in memory for delivery: who is connected, who has which room open, and what waits to be
//! written to whom.

pub mod apart;
pub mod attendance;
pub mod elsewhere;
pub mod encoded;
pub mod feed;
pub mod follows;
mod guests;
pub mod hidden;
pub mod intake;
pub mod latest;
mod marks;
pub mod news;
pub mod outbound;
pub mod people;
pub mod placements;
pub mod presence;
pub mod presence_state;
pub mod rate;
pub(crate) mod recaps;
pub mod signallers;
pub mod view;
pub mod views;
pub(crate) mod wire;
