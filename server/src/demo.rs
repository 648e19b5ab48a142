//! The people and rooms of a development server.

use caffis_core::{
    model::room::{GROUP, direct_context},
    ports::{
        entropy::{self, Entropy},
        stamps::Stamps,
        store::{Store, StoreError},
    },
    room::{RoomPlan, write_room},
    seed::{claim, write_people},
    settings::Settings,
};
use caffis_schema::{
    Body, ClientId, EntryKind, List, RoomId, Text, Timestamp, UserId,
    event::TextBody,
    room::{Context, HistoryPolicy, Message, MessageKey, Profile, RoomClass},
};

/// The demo users: user id and name.
pub const PEOPLE: [(&str, &str); 6] = [
    ("giulia", "Giulia"),
    ("marco", "Marco"),
    ("luca", "Luca"),
    ("aiko", "Aiko"),
    ("nadia", "Nadia"),
    ("yousef", "Yousef"),
];

/// Milliseconds between two messages of a demo room.
const MESSAGE_GAP: u64 = 90_000;

const DIRECT_WORDS: &[(&str, &str)] = &[
    ("giulia", "Ciao Marco! Sabato da Gilli?"),
    ("marco", "Volentieri ☕ Alle undici?"),
    ("giulia", "Perfetto. Chiamo anche gli altri."),
];

const GROUP_WORDS: &[(&str, &str)] = &[
    ("giulia", "Sabato alle undici da Gilli, chi viene?"),
    ("marco", "Io ci sono"),
    ("aiko", "Me too! I'll bring the photos 📷"),
    ("luca", "Arrivo dieci minuti dopo"),
    ("nadia", "أنا قادمة أيضًا"),
    ("yousef", "See you there 👋"),
];

/// The name of a demo user; of anybody else the id.
#[must_use]
pub fn name_of(user: &UserId) -> &str {
    let known = PEOPLE.iter().find(|(id, _)| *id == user.as_str());
    known.map_or(user.as_str(), |(_, name)| name)
}

/// The demo users as core keeps them.
#[must_use]
pub fn profiles() -> Vec<Profile> {
    let known = PEOPLE.iter().filter_map(|(user, name)| {
        Some(Profile { user: UserId::new(user).ok()?, name: Text::cut(name), picture: None })
    });
    known.collect()
}

/// Makes the demo users and their rooms, where they are not there yet, before a server opens the
/// store.
///
/// # Errors
/// What the store says.
pub async fn furnish(
    store: &dyn Store,
    stamps: &Stamps,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(), StoreError> {
    let everyone: Vec<UserId> = profiles().into_iter().map(|profile| profile.user).collect();
    let [giulia, marco, ..] = everyone.as_slice() else { return Ok(()) };
    write_people(store, stamps, &profiles()).await?;
    let room = |context, class, name: Option<&str>, members| RoomPlan {
        context,
        class,
        name: name.map(Text::cut),
        creator: (class != RoomClass::Public).then(|| giulia.clone()),
        members: List::cut(members),
        history: HistoryPolicy::All,
    };
    let context = |kind, id| Context { kind: Text::cut(kind), id: Text::cut(id) };
    let pair = vec![giulia.clone(), marco.clone()];
    let cafe = Some("Caffè Gambrinus · sala");
    for (plan, words) in [
        (room(direct_context(giulia, marco), RoomClass::Social, None, pair), DIRECT_WORDS),
        (
            room(
                context(GROUP, "demo"),
                RoomClass::Social,
                Some("Sabato da Gilli"),
                everyone.clone(),
            ),
            GROUP_WORDS,
        ),
        (room(context("cafe", "gambrinus"), RoomClass::Public, cafe, Vec::new()), &[]),
    ] {
        write(store, stamps, entropy, &plan, words, now).await?;
    }
    Ok(())
}

async fn write(
    store: &dyn Store,
    stamps: &Stamps,
    entropy: &dyn Entropy,
    plan: &RoomPlan,
    words: &[(&str, &str)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let room = RoomId::from_random(u64::from_be_bytes(entropy::bytes(entropy)));
    let Some(room) = claim(store, plan, room).await? else { return Ok(()) };
    let created = now.back((words.len() as u64 + 1) * MESSAGE_GAP);
    write_room(store, stamps, &Settings::default(), room, plan, created, |number| {
        let index = usize::try_from(number.get()).ok()?.checked_sub(1)?;
        let (sender, text) = words.get(index)?;
        let time = created + number.get() * MESSAGE_GAP;
        let key = MessageKey { id: ClientId(entropy::bytes(entropy)), time };
        let body = Body::Text(TextBody { text: Text::cut(text) });
        let message = Message::new(number, UserId::new(sender).ok(), Some(key), body);
        Some((EntryKind::Message(message), time))
    })
    .await
}
