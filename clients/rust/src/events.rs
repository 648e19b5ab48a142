//! What a client tells its application.

use std::time::Duration;

use caffis_link::{Farewell, Kind};
use caffis_schema::{
    Error, Event, Position, RoomId, ServerSignal,
    event::RoomEntry,
    reply::{Opened, Welcome},
};
use tokio::sync::mpsc;

/// Why a client ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The application disposed of it.
    Disposed,
    /// The server closed with a code after which clients do not reconnect.
    Closed(Farewell),
    /// The server refused the tokens, or the hello.
    Refused(Error),
    /// There is no usable token, or the connection is misconfigured.
    Setup(String),
}

/// The state of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The client is connecting.
    Connecting,
    /// The session is open.
    Online(Kind),
    /// The connection is lost; the next attempt comes after a delay.
    Waiting {
        /// How long until the next attempt.
        delay: Duration,
        /// What happened, for people.
        reason: String,
    },
    /// The client has ended.
    Ended(Ended),
}

/// What a client tells its application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The state of the connection changed.
    State(State),
    /// A session began: the current room list and limits. Missed entries follow.
    Welcome(Box<Welcome>),
    /// The next entry of a held room: in order, without a gap, once.
    Entry(RoomEntry),
    /// A room was opened (or loaded again after [`ClientEvent::Reset`]): its last page.
    Opened(Box<Opened>),
    /// The application's copy of a room is outdated: drop it. Entries after `head` follow; an open
    /// room is loaded again.
    Reset {
        /// The room.
        room: RoomId,
        /// Its last position now.
        head: Position,
    },
    /// The person is no longer in this room: drop it.
    Gone(RoomId),
    /// Any other event, unchanged. Never an entry, nor anything that the client handles by itself.
    Other(Box<Event>),
    /// Typing and presence.
    Signal(ServerSignal),
    /// Events were dropped because they were not read in time. The client reconnects: a
    /// [`ClientEvent::Welcome`] follows, with the room list as it is then, and entries continue where
    /// they stopped.
    Lagged,
}

/// What happens, in order. Keep reading: events that do not fit are dropped, which is told as
/// [`ClientEvent::Lagged`]. Commands are answered all the same.
pub struct Events(pub(crate) mpsc::Receiver<ClientEvent>);

impl Events {
    /// The most events that wait for the application.
    pub(crate) const CAPACITY: usize = 1_024;

    /// The next event, or none after the client has ended.
    pub async fn next(&mut self) -> Option<ClientEvent> {
        self.0.recv().await
    }

    /// The next event, if one waits.
    pub fn try_next(&mut self) -> Option<ClientEvent> {
        self.0.try_recv().ok()
    }
}
