//! Messages: what is sent, and what is done with one.

use caffis_schema::{
    Body, Command, List, Text,
    command::{Delete, Edit, Forward, Hide, Pin, React, Report, ReportReason, Send, Star},
    places::{LiveLocation, LocationBody, PlaceBody},
    room::{Extra, Mentions},
};

use super::{
    feature::{Feature, feature},
    place::{MEMBERS, Place, member, words},
};
use crate::{frames::TEXT_BYTES, scenarios::now};

/// How long a live location lasts, in milliseconds.
const LIVE: u64 = 600_000;

pub(super) const FEATURES: &[Feature] = &[
    feature("send", |it, n| it.send(n, it.text())),
    feature("send with a quote", |it, n| {
        Command::Send(Send::reply(it.key(n), it.room, it.text(), it.message(n)))
    }),
    feature("send that mentions one", |it, n| {
        let users = List::cut(vec![member(n)]);
        it.send_with(n, it.text(), Extra::Mentions(Mentions { users, room: false }))
    }),
    feature("send that mentions all", |it, n| {
        let users = List::default();
        it.send_with(n, it.text(), Extra::Mentions(Mentions { users, room: true }))
    }),
    feature("send a location", |it, n| it.send(n, location(n))),
    feature("send a live location", live_location),
    feature("end a live location", |it, n| {
        Command::Edit(Edit::words(it.key(n), it.room, it.made[n], location(n)))
    })
    .before(|it, n| (n < it.times).then(|| (0, live_location(it, n)))),
    feature("send a place", |it, n| {
        let place = PlaceBody {
            name: Text::cut("Caffè Centrale"),
            phone: Some(Text::cut("+39 02 1234567")),
            website: Some(Text::cut("https://example.com/caffe")),
            address: Some(Text::cut("Piazza del Duomo 1, Milano")),
            coordinates: Some(coordinates(n)),
        };
        it.send(n, Body::Place(place))
    }),
    feature("edit", |it, n| {
        let other = words(&"y".repeat(TEXT_BYTES));
        Command::Edit(Edit::words(it.key(n), it.room, it.message(n), other))
    }),
    feature("react", |it, n| {
        let (key, room, position) = (it.key(n), it.room, it.message(n));
        Command::React(React { key, room, position, emoji: Text::cut("☕"), add: true })
    }),
    feature("pin, or no longer", |it, n| {
        let (key, room, position) = (it.key(n), it.room, it.message(0));
        Command::Pin(Pin { key, room, position, pin: n.is_multiple_of(2) })
    }),
    feature("star", |it, n| {
        Command::Star(Star { room: it.room, position: it.message(n), star: true })
    }),
    feature("forward", |it, n| {
        let (key, room) = (it.key_elsewhere(n), it.other);
        let (source, position) = (it.room, it.message(n));
        Command::Forward(Forward { key, room, source, position, copied: None })
    }),
    // A person reports few messages in a day, so the others take turns.
    feature("report", |it, n| {
        let (reason, text) = (ReportReason::Spam, Text::cut("the same again and again"));
        Command::Report(Report { room: it.room, position: it.message(n), reason, text })
    })
    .by(|n| 1 + n % (MEMBERS - 1)),
];

pub(super) const ENDS: &[Feature] = &[
    feature("delete for oneself", |it, n| {
        Command::Hide(Hide { room: it.room, position: it.message(n) })
    }),
    feature("delete for everyone", |it, n| {
        Command::Delete(Delete { key: it.key(n), room: it.room, position: it.message(n) })
    }),
];

fn coordinates<const BYTES: usize>(n: usize) -> Text<BYTES> {
    Text::cut(&format!("45.{},9.19", 4_642_001 + n))
}

fn location(n: usize) -> Body {
    let name = Some(Text::cut("In front of the cathedral"));
    let coordinates = coordinates(n);
    Body::Location(LocationBody { coordinates, accuracy: Some(10), name, address: None })
}

fn live_location(it: &Place, n: usize) -> Command {
    let until = now() + LIVE;
    it.send_with(n, location(n), Extra::LiveLocation(LiveLocation { until }))
}
