//! The link: one connection between a client and a server, seen as bytes.
//!
//! A [`Link`] carries reliable, ordered frames in [`Lane`]s, unreliable datagrams, and a coded
//! [`Farewell`] that tells the other side why the connection ends. It knows nothing of chat: what
//! the payloads mean is defined in `caffis-schema` and by the code that holds the link.
//!
//! The server's session loop and the client libraries talk to this trait only. `caffis-transport`
//! implements it over WebTransport, native QUIC, WebSocket and server-sent events; [`memory`] implements it inside one
//! process, for tests and the simulation. `conformance` is the suite that all of them run.
//!
//! The methods poll, so that one task can own a link and do everything in one loop without
//! splitting it, and without an allocation per frame. [`LinkExt`] has the `async` forms.
#![warn(missing_docs)]

pub mod codes;
pub mod conformance;
mod ext;
pub mod frame;
mod link;
pub mod memory;
mod round_trip;

pub use ext::LinkExt;
pub use link::{Codec, Farewell, Health, Incoming, Kind, Lane, Link, LinkInfo, SendError};
pub use round_trip::RoundTrip;
