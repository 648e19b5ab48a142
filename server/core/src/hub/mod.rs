//! What is in memory for delivery: who is connected, who has which room open, and what waits to be
//! written to whom.

pub mod encoded;
pub mod feed;
pub mod latest;
pub mod outbound;
pub mod people;
pub mod presence;
pub mod rate;
pub mod typists;
