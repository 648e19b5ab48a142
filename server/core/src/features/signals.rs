//! Signals: that a person types, and where they are while they share their live location. Told to those who have a
//! small room open, and lost without harm. Only those of a few people are told at a time.

use caffis_schema::{
    ClientSignal, RoomId, ServerSignal, UserId,
    command::Typing,
    event::TypingBy,
    places::{LocationUpdate, LocationUpdateBy},
};

use crate::{
    call::Call,
    hub::{news::News, signallers::Told},
    model::{
        authorise::{TakePart, authorise},
        places,
    },
};

/// What a person's signal tells others, once it has its number.
#[derive(Clone, Debug)]
enum Signal {
    Typing(TypingBy),
    Location(LocationUpdateBy),
}

impl Signal {
    /// As others are told it. None for what says nothing: a location that is nowhere.
    fn of(signal: &ClientSignal, user: &UserId) -> Option<Self> {
        let (user, counter) = (user.clone(), 0);
        match signal {
            ClientSignal::Typing(Typing { room, active, .. }) => {
                Some(Self::Typing(TypingBy { room: *room, user, counter, active: *active }))
            }
            ClientSignal::Location(update) => {
                let LocationUpdate { room, message, accuracy, .. } = *update;
                let (coordinates, accuracy) =
                    places::checked_position(&update.coordinates, accuracy).ok()?;
                let by = LocationUpdateBy { room, message, user, counter, coordinates, accuracy };
                Some(Self::Location(by))
            }
            ClientSignal::Unknown(_) => None,
        }
    }

    fn room(&self) -> RoomId {
        match self {
            Self::Typing(by) => by.room,
            Self::Location(by) => by.room,
        }
    }

    /// What it tells, and whether that goes on.
    fn told(&self) -> (Told, bool) {
        match self {
            Self::Typing(by) => (Told::Typing, by.active),
            Self::Location(_) => (Told::Location, true),
        }
    }

    fn numbered(mut self, number: u64) -> Self {
        match &mut self {
            Self::Typing(by) => by.counter = number,
            Self::Location(by) => by.counter = number,
        }
        self
    }

    fn news(self) -> News {
        match self {
            Self::Typing(by) => News::Typing(by),
            Self::Location(by) => News::Location(by),
        }
    }

    fn to_clients(&self) -> ServerSignal {
        match self {
            Self::Typing(by) => ServerSignal::Typing(by.clone()),
            Self::Location(by) => ServerSignal::Location(by.clone()),
        }
    }
}

/// Tells the others. A signal that is not allowed, that cannot be read, or of a room that nobody has open, goes nowhere:
/// signals have no answer. Whether a location belongs to a message that shares one is looked at by those who show it,
/// who have the message; here it would cost a read.
pub fn handle(call: &Call, signal: &ClientSignal) {
    let services = &call.services;
    let Some(signal) = Signal::of(signal, call.user()) else { return };
    let room = signal.room();
    let Some(view) = services.views.get(room) else {
        // Nobody has the room open here. The other nodes know whether it is small.
        if services.nodes.is_some() && services.people.is_in(call.user(), room) {
            let now = services.clock.now().get();
            services.views.publish_signal(room, &signal.numbered(now).news());
        }
        return;
    };
    if authorise(&call.caller(room), &view.state(), TakePart).is_err() {
        return;
    }
    let (few, now) = (services.settings.small_room_members, services.clock.now());
    let (what, active) = signal.told();
    let Some(number) = view.note(what, (call.user(), active), few, now) else { return };
    let signal = signal.numbered(number);
    services.views.tell_signal(&view, call.user(), signal.to_clients());
    services.views.publish_signal(room, &signal.news());
}
