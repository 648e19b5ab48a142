//! What a public room talks about.

use caffis_schema::{
    Error, ErrorCode, List, Position, Reply, command::Topics, limits::TOPICS, reply::TopicList,
    room::RoomClass,
};

use crate::{
    call::{Call, Entered, Handled},
    model::authorise::Read,
    pages,
    topics::{LOOKED_AT, topics},
};

/// The topics of a room, the heaviest first.
///
/// # Errors
/// `room_class` for rooms that are not public, and what keeps the room from being read.
pub async fn handle(call: Call, command: Topics) -> Handled {
    let Entered { cell, state, .. } = call.enter(command.room, Read).await?;
    if state.meta.class != RoomClass::Public {
        let sentence = "Only public rooms have topics.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    let services = &call.services;
    let limit = usize::from(command.limit).clamp(1, TOPICS);
    let kept = services.topics.find(command.room, state.head);
    let mut heaviest = match kept {
        Some(kept) => kept,
        None => {
            let first = (state.head + 1).back(LOOKED_AT as u64).max(Position(1));
            let entries =
                pages::follow(services, &cell, &state, first, state.head, LOOKED_AT).await?;
            let entries = entries.iter().map(|entry| &**entry);
            let found = topics(entries, services.clock.now(), &services.settings.topic_stop_words);
            services.topics.keep(command.room, state.head, found.clone());
            found
        }
    };
    heaviest.truncate(limit);
    Ok(Reply::Topics(TopicList { topics: List::cut(heaviest) }))
}
