//! The wire protocol and the shared vocabulary of Caffis Chat.
//!
//! Server and clients exchange [`ClientFrame`]s and [`ServerFrame`]s over a link, written as
//! postcard or, on the WebSocket subprotocol `caffis.v1.json`, as JSON. Everything that travels is
//! declared here once: identifiers, [`Command`]s, [`Reply`]s, [`Event`]s, errors, and the name of
//! every limit. The TypeScript codec is generated from these types (`caffis-gen`), and
//! `docs/protocol.md` explains them to someone who writes a client in another language.
//!
//! Lists and texts are bounded types that check before they allocate ([`bounded`]). Enums that will
//! grow are *open* ([`open`]): an unknown kind is kept as tag and bytes, so that a new kind of message
//! never breaks an old client's page.
//!
//! What other services tell by webhook is in [`hooks`], what they are told in [`outgoing`].

pub mod bounded;
pub mod catalogue;
pub mod changes;
pub mod codec;
pub mod command;
pub mod drafts;
pub mod endpoints;
pub mod entry;
pub mod error;
pub mod event;
pub mod hooks;
pub mod ids;
pub mod imports;
pub mod info;
pub mod invites;
pub mod json;
pub mod keys;
pub mod limits;
pub mod message;
pub mod numbers;
pub mod open;
pub mod outgoing;
mod output;
pub mod people;
pub mod placement;
pub mod places;
pub mod polls;
pub mod published;
pub mod reply;
pub mod reports;
pub mod roles;
pub mod room;
pub mod scheduled;
pub mod settings;
pub mod threads;

pub use bounded::{Blob, List, Text};
pub use codec::{Codec, DecodeError};
pub use command::{ClientFrame, ClientSignal, Command, Request};
pub use error::{CloseCode, Error, ErrorCode, Outcome};
pub use event::{Body, Entry, EntryKind, Event, ServerFrame, ServerSignal};
pub use ids::{ClientId, DeviceId, InviteDigest, InviteSecret, RoomId, SessionId, UserId};
pub use keys::Keyed;
pub use numbers::{MessageNumber, Position, ReplyNumber, Timestamp};
pub use reply::Reply;

/// The protocol version that this build speaks. Hello carries it; a server never sends anything newer
/// than the client's version.
pub const PROTOCOL_VERSION: u16 = 1;

/// The protocol as AsyncAPI 3, for tools; written by caffis-gen.
pub const ASYNCAPI: &str = include_str!("../asyncapi.json");

/// The ALPN identifier of native QUIC.
pub const ALPN: &[u8] = b"caffis/1";

/// The WebSocket subprotocol for postcard frames.
pub const SUBPROTOCOL_BINARY: &str = "caffis.v1";

/// The WebSocket subprotocol for JSON text.
pub const SUBPROTOCOL_JSON: &str = "caffis.v1.json";
