//! Rooms: making them, opening them, what they are called and how people write in them.

use caffis_schema::{
    Command, List, Reply, Text,
    command::{Close, CreateGroup, EnsureDirect, EnsureRoom, Open, Rooms, Send, Topics},
    info::SetRoomInfo,
    limits::PAGE_ROOMS,
    room::{Context, HistoryPolicy, RoomClass},
    settings::SetRoomSettings,
};

use super::{
    feature::{Feature, feature},
    place::{MEMBERS, OUTSIDER, Place, Who, user, words},
};

/// People with whom a conversation begins: there is one for each.
const PARTNERS: usize = 100;

/// Messages in the public room whose topics are asked for.
const TALK: usize = 100;

/// Entries that come when a room is opened.
const OPENED: u8 = 50;

pub(super) const FEATURES: &[Feature] = &[
    feature("create a group of ten", |it, n| create_group(it, n, MEMBERS - 1)),
    feature("begin a direct conversation", |_, n| {
        Command::EnsureDirect(EnsureDirect { user: user(OUTSIDER + n) })
    })
    .most(PARTNERS)
    .outsiders(PARTNERS),
    feature("make a public room", |_, n| public(n)),
    feature("close a room, or open it", |it, n| match n % 2 {
        0 => Command::Close(Close { room: it.room }),
        _ => Command::Open(Open { room: it.room, limit: OPENED }),
    }),
    feature("slow mode, or no longer", |it, n| {
        let slow_mode_seconds = Some(if n.is_multiple_of(2) { 10 } else { 0 });
        let settings = settings(it, n);
        Command::SetRoomSettings(SetRoomSettings { slow_mode_seconds, ..settings })
    }),
    feature("freeze, or no longer", |it, n| {
        let frozen = Some(n.is_multiple_of(2));
        Command::SetRoomSettings(SetRoomSettings { frozen, ..settings(it, n) })
    }),
    feature("announcements only, or no longer", |it, n| {
        let announcements = Some(n.is_multiple_of(2));
        Command::SetRoomSettings(SetRoomSettings { announcements, ..settings(it, n) })
    }),
    feature("describe a room", |it, n| {
        let description = Some(Text::cut(&format!("What we talk about, version {n}")));
        let (key, room) = (it.key(n), it.room);
        Command::SetRoomInfo(SetRoomInfo { key, room, name: None, description, history: None })
    }),
    feature("list of 100 rooms", |_, _| {
        Command::Rooms(Rooms { after: None, context: None, limit: PAGE_ROOMS as u8 })
    })
    .before(|it, n| (n < PAGE_ROOMS - 2).then(|| (0, create_group(it, n, MEMBERS - 1))))
    .check(|reply| matches!(reply, Reply::Rooms(page) if page.rooms.len() == PAGE_ROOMS)),
    feature("topics of a public room", |it, _| {
        Command::Topics(Topics { room: it.rooms[0], limit: 10 })
    })
    .before(talk)
    .check(|reply| matches!(reply, Reply::Topics(list) if list.topics.len() == 10)),
];

/// A new group of the caller and this many others.
pub(super) fn create_group(it: &Place, n: usize, others: usize) -> Command {
    Command::CreateGroup(CreateGroup {
        key: it.key_elsewhere(n),
        name: Text::cut("a group"),
        members: List::cut((1..=others).map(user).collect()),
        history: HistoryPolicy::All,
    })
}

fn public(n: usize) -> Command {
    Command::EnsureRoom(EnsureRoom {
        context: Context { kind: Text::cut("cafe"), id: Text::cut(&format!("cafe-{n}")) },
        class: RoomClass::Public,
        name: None,
        members: List::default(),
        history: HistoryPolicy::All,
    })
}

fn settings(it: &Place, n: usize) -> SetRoomSettings {
    let (key, room) = (it.key(n), it.room);
    SetRoomSettings { key, room, slow_mode_seconds: None, frozen: None, announcements: None }
}

/// A public room in which a person talks about twenty things.
fn talk(it: &Place, n: usize) -> Option<(Who, Command)> {
    let command = match n {
        0 => public(0),
        1 => Command::Open(Open { room: it.rooms[0], limit: OPENED }),
        n if n < 2 + TALK => {
            let topic = char::from(b'a' + (n % 20) as u8);
            let body = words(&format!("roast{topic} tastes better today"));
            Command::Send(Send::new(it.key_elsewhere(n), it.rooms[0], body))
        }
        _ => return None,
    };
    Some((0, command))
}
