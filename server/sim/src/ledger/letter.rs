//! What people want to send.

use caffis_schema::{
    Body, Command, List, Position, RoomId, Text, Timestamp,
    command::{Forward, Send},
    event::TextBody,
    places::{LiveLocation, LocationBody, PlaceBody},
    polls::PollBody,
    room::{ClientKey, Extra, Mentions},
};

/// What somebody wants to send.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) room: RoomId,
    /// What it says, which nothing else says; of what is forwarded only its name.
    pub(crate) words: String,
    pub(crate) kind: Kind,
    pub(crate) mentions: Mentions,
}

/// What it is besides its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// It answers a message.
    Answer(Position),
    /// It is a reply in the thread of a message.
    InThread(Position),
    /// It asks a question, its words.
    Poll {
        multiple: bool,
        anonymous: bool,
        closes: Option<Timestamp>,
    },
    /// It is a message of some room.
    Forward(RoomId, Position),
    /// It says what is called by its words.
    Place,
    /// It says where something is that is called so; perhaps somebody who moves until a time.
    Location {
        live: Option<Timestamp>,
    },
}

/// What can be chosen in polls.
pub(crate) const OPTIONS: [&str; 3] = ["one", "two", "three"];

/// Where everything is.
const COORDINATES: &str = "45.4642,9.19";

impl Letter {
    /// Its first word, for the trace.
    pub(crate) fn short(&self) -> &str {
        self.words.split(' ').next().unwrap_or_default()
    }

    /// The message that it answers.
    pub(crate) fn answers(&self) -> Option<Position> {
        match self.kind {
            Kind::Answer(message) => Some(message),
            _ => None,
        }
    }

    /// The message in whose thread it is.
    pub(crate) fn root(&self) -> Option<Position> {
        match self.kind {
            Kind::InThread(root) => Some(root),
            _ => None,
        }
    }

    /// The live location that it begins.
    pub(crate) fn live(&self) -> Option<LiveLocation> {
        match self.kind {
            Kind::Location { live } => live.map(|until| LiveLocation { until }),
            _ => None,
        }
    }

    /// What it says. Of what is forwarded the server copies that.
    pub(crate) fn body(&self) -> Body {
        match self.kind {
            Kind::Poll { multiple, anonymous, closes } => {
                let question = Text::cut(&self.words);
                let options = List::cut(OPTIONS.map(Text::cut).to_vec());
                Body::Poll(PollBody { question, options, multiple, anonymous, closes })
            }
            Kind::Place => Body::Place(PlaceBody {
                name: Text::cut(&self.words),
                phone: None,
                website: None,
                address: None,
                coordinates: None,
            }),
            Kind::Location { .. } => Body::Location(LocationBody {
                coordinates: Text::cut(COORDINATES),
                accuracy: None,
                name: Some(Text::cut(&self.words)),
                address: None,
            }),
            Kind::Plain | Kind::Answer(_) | Kind::InThread(_) | Kind::Forward(..) => {
                Body::Text(TextBody { text: Text::cut(&self.words) })
            }
        }
    }

    /// The command that sends it.
    pub(crate) fn command(&self, key: ClientKey) -> Command {
        let room = self.room;
        let body = self.body();
        let mut send = match self.kind {
            Kind::Forward(source, position) => {
                return Command::Forward(Forward { key, room, source, position, copied: None });
            }
            Kind::Answer(message) => Send::reply(key, room, body, message),
            Kind::InThread(root) => Send::in_thread(key, room, body, root),
            Kind::Plain | Kind::Poll { .. } | Kind::Place | Kind::Location { .. } => {
                Send::new(key, room, body)
            }
        };
        let mut extras = std::mem::take(&mut send.extras).into_vec();
        extras.extend(self.live().map(Extra::LiveLocation));
        if !self.mentions.is_empty() {
            extras.push(Extra::Mentions(self.mentions.clone()));
        }
        send.extras = List::cut(extras);
        Command::Send(send)
    }
}
