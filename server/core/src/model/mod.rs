//! The nouns and their rules: plain values, no store, no clock, no tasks.

pub mod authorise;
pub mod body;
pub mod caller;
pub mod delivery;
pub mod digest;
pub mod emoji;
pub mod extras;
pub mod imports;
pub mod info;
pub mod invites;
pub mod live_locations;
pub mod mentions;
pub mod node;
pub mod page;
pub mod places;
pub mod polls;
pub mod room;
pub mod text;
pub mod threads;
pub mod timing;
pub mod webhooks;
pub mod writing;
