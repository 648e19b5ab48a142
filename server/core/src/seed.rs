//! Filling a store for tests, screenshots and benchmarks: the same seed gives the same store.

use std::sync::Arc;

use caffis_schema::{
    Body, ClientId, Codec, EntryKind, List, RoomId, Text, Timestamp, UserId, codec,
    event::TextBody,
    room::{Context, HistoryPolicy, Message, MessageKey, Profile, RoomClass},
};

use crate::{
    directory::{Part, Person, rows},
    model::room::GROUP,
    ports::{
        stamps::Stamps,
        store::{Batch, Stamp, Store, StoreError},
    },
    room::{RoomPlan, write_room},
    settings::Settings,
    tables::{self, ContextRow},
};

/// Milliseconds between two seeded messages of a room.
const MESSAGE_GAP: u64 = 45_000;

/// What people say.
const PHRASES: &[&str] = &[
    "Ci vediamo al bancone",
    "Shall we meet at half past four?",
    "Porto io i cornetti ☕",
    "The terrace is open again",
    "Arrivo dieci minuti dopo",
    "Perfetto!",
    "I have the table by the window",
    "Chi prenota per sabato?",
    "Un caffè e poi si va",
    "See you there 👋",
    "Il conto lo dividiamo in quattro",
    "Rain is coming, bring an umbrella ☔",
];

/// How much to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The people, who are in every room.
    pub people: Vec<Profile>,
    /// Rooms.
    pub rooms: u64,
    /// Messages in all rooms together.
    pub messages: u64,
    /// Where chance begins.
    pub seed: u64,
    /// The time of the last message.
    pub now: Timestamp,
}

/// A small generator of chance, the same everywhere (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let count = items.len() as u64;
        items.get((self.next() % count.max(1)) as usize)
    }
}

/// Writes people, so that rooms can be made with them.
///
/// # Errors
/// What the store says.
pub async fn write_people(
    store: &dyn Store,
    stamps: &Stamps,
    people: &[Profile],
) -> Result<(), StoreError> {
    let mut batch = Batch::repairable(stamps.next()?);
    for profile in people {
        let person = Person {
            profile: profile.clone(),
            status: None,
            private_receipts: false,
            last_seen: None,
            mirror: None,
            written: Stamp::NONE,
        };
        rows::put(&mut batch, &person, &[Part::Profile]);
    }
    store.write(batch).await
}

/// Fills a store that no server has open.
///
/// # Errors
/// What the store says.
pub async fn fill(store: &dyn Store, stamps: &Stamps, plan: &Plan) -> Result<(), StoreError> {
    let settings = Settings::default();
    write_people(store, stamps, &plan.people).await?;
    let mut chance = Chance(plan.seed);
    for index in 0..plan.rooms {
        // The first rooms take what does not divide.
        let count = plan.messages / plan.rooms + u64::from(index < plan.messages % plan.rooms);
        seed_room(store, stamps, &settings, plan, &mut chance, index, count).await?;
    }
    Ok(())
}

async fn seed_room(
    store: &dyn Store,
    stamps: &Stamps,
    settings: &Settings,
    plan: &Plan,
    chance: &mut Chance,
    index: u64,
    count: u64,
) -> Result<(), StoreError> {
    let users: Vec<UserId> = plan.people.iter().map(|person| person.user.clone()).collect();
    let room_plan = RoomPlan {
        context: Context { kind: Text::cut(GROUP), id: Text::cut(&format!("seed:{index}")) },
        class: RoomClass::Social,
        name: Some(Text::cut(&format!("Room {index}"))),
        creator: users.first().cloned(),
        members: List::cut(users.clone()),
        history: HistoryPolicy::All,
    };
    let room = RoomId::from_random(chance.next());
    let Some(room) = claim(store, &room_plan, room).await? else { return Ok(()) };
    let created = plan.now.back((count + 1) * MESSAGE_GAP);
    write_room(store, stamps, settings, room, &room_plan, created, |number| {
        (number.get() <= count).then(|| {
            let time = created + number.get() * MESSAGE_GAP;
            let sender = chance.pick(&users).cloned();
            let id = u128::from(chance.next()) << 64 | u128::from(number.get());
            let key = MessageKey { id: ClientId(id.to_be_bytes()), time };
            let text = Text::cut(chance.pick(PHRASES).copied().unwrap_or_default());
            let body = Body::Text(TextBody { text });
            (EntryKind::Message(Message::new(number, sender, Some(key), body)), time)
        })
    })
    .await
}

/// Claims the room's context; none when the store has it from an earlier seed.
///
/// # Errors
/// What the store says.
pub async fn claim(
    store: &dyn Store,
    plan: &RoomPlan,
    room: RoomId,
) -> Result<Option<RoomId>, StoreError> {
    let encoded = codec::encode(plan, Codec::Binary).map_err(|error| StoreError::Invalid {
        table: ContextRow::TABLE.name,
        reason: error.to_string(),
    })?;
    let row = ContextRow {
        kind: Arc::from(plan.context.kind.as_str()),
        id: Arc::from(plan.context.id.as_str()),
        room,
        plan: encoded.into(),
    };
    let found = tables::insert_if_absent(store, &row).await?;
    Ok(found.is_none().then_some(room))
}
