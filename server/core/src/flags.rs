//! What is marked for a person alone: by themselves, and by messages that mention them.

use std::{ops::Bound, sync::Arc};

use caffis_schema::{
    Command, Error, ErrorCode, MessageNumber, Position, RoomId, Timestamp, UserId,
    command::{SearchPlace, Star},
    event::{Flag, Flagged},
    limits::{HIDDEN_MESSAGES, MENTIONED_MESSAGES, STARRED_MESSAGES},
    open::Empty,
};
use futures_util::{StreamExt, stream};

use crate::{
    call::Call,
    hub::hidden::HiddenMessages,
    ports::store::{Batch, Operation, Store, StoreError, Value},
    services::Services,
    tables::{self, ColumnValue, FlagRow, MentionRow},
};

/// Stars of messages that are gone which are taken back at the same time, for one list.
const FORGOTTEN_AT_ONCE: usize = 16;

/// Where a message is that is marked for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    /// When it was marked.
    pub(crate) time: Timestamp,
    /// The room.
    pub(crate) room: RoomId,
    /// The message's position.
    pub(crate) position: Position,
    /// Its number.
    pub(crate) number: MessageNumber,
}

impl Marked {
    /// Its place among those of one kind.
    pub(crate) fn place(&self) -> SearchPlace {
        SearchPlace { time: self.time, room: self.room, position: self.position }
    }

    /// Whether it comes after a place: the newest are first.
    pub(crate) fn follows(&self, place: &SearchPlace) -> bool {
        let SearchPlace { time, room, position } = *place;
        order(self.time, self.room, self.position) > order(time, room, position)
    }
}

fn order(
    time: Timestamp,
    room: RoomId,
    position: Position,
) -> (std::cmp::Reverse<Timestamp>, RoomId, std::cmp::Reverse<Position>) {
    (std::cmp::Reverse(time), room, std::cmp::Reverse(position))
}

/// The messages that are marked for a person in a way, newest mark first.
///
/// # Errors
/// `invalid` for a mark that has no list, and what the store says.
pub(crate) async fn marked_of(
    services: &Services,
    user: &UserId,
    flag: &Flag,
) -> Result<Vec<Marked>, Error> {
    match flag {
        Flag::Mentioned(_) => Ok(mentions_of(services, user).await?),
        Flag::Starred(_) => Ok(stars_of(&*services.store, user).await?),
        Flag::Hidden(_) | Flag::Unknown(_) => {
            let sentence = "Messages with this mark have no list.";
            Err(Error::refused(ErrorCode::Invalid, sentence))
        }
    }
}

/// The newest mentions of a person. Older ones are forgotten then.
async fn mentions_of(services: &Services, user: &UserId) -> Result<Vec<Marked>, StoreError> {
    let (store, partition) = (&*services.store, MentionRow::partition(user));
    let rows =
        tables::partition::<MentionRow>(store, partition.clone(), MENTIONED_MESSAGES + 1).await?;
    if rows.len() > MENTIONED_MESSAGES {
        let last = &rows[MENTIONED_MESSAGES - 1];
        let key = MentionRow::key(user, &last.time, &last.room, &last.position);
        let mut batch = Batch::partition(services.stamps.next()?);
        let (from, to) = (Bound::Excluded(key.clustering), Bound::Unbounded);
        let table = MentionRow::TABLE;
        batch.operations.push(Operation::DeleteRange { table, partition, from, to });
        store.write(batch).await?;
    }
    let marked = |MentionRow { time, room, position, number, .. }: MentionRow| Marked {
        time,
        room,
        position,
        number,
    };
    Ok(rows.into_iter().take(MENTIONED_MESSAGES).map(marked).collect())
}

/// The messages that a person has starred, newest star first.
///
/// # Errors
/// What the store says.
pub(crate) async fn stars_of(store: &dyn Store, user: &UserId) -> Result<Vec<Marked>, StoreError> {
    let rows = of_kind(store, user, FlagRow::STARRED, STARRED_MESSAGES).await?;
    let marked = |FlagRow { time, room, position, number, .. }: FlagRow| Marked {
        time,
        room,
        position,
        number,
    };
    let mut stars: Vec<_> = rows.into_iter().map(marked).collect();
    stars.sort_unstable_by_key(|star| order(star.time, star.room, star.position));
    Ok(stars)
}

/// Forgets marks of messages that are gone, and tells the person's sessions. What cannot be forgotten now, and what
/// is more than [`FORGOTTEN_AT_ONCE`], is found again the next time.
///
/// # Errors
/// What the store says.
pub(crate) async fn forget(call: &Call, flag: &Flag, gone: &[Marked]) -> Result<(), StoreError> {
    match flag {
        Flag::Mentioned(_) if !gone.is_empty() => forget_mentions(call, flag, gone).await,
        Flag::Starred(_) => {
            let gone: Vec<_> = gone.iter().take(FORGOTTEN_AT_ONCE).cloned().collect();
            let taking = stream::iter(gone).map(|star| unstar(call, star));
            let mut stars = taking.buffered(FORGOTTEN_AT_ONCE);
            while stars.next().await.is_some() {}
            Ok(())
        }
        Flag::Mentioned(_) | Flag::Hidden(_) | Flag::Unknown(_) => Ok(()),
    }
}

async fn forget_mentions(call: &Call, flag: &Flag, gone: &[Marked]) -> Result<(), StoreError> {
    let (services, user) = (&call.services, call.user());
    let mut batch = Batch::partition(services.stamps.next()?);
    for Marked { time, room, position, .. } in gone {
        batch.delete::<MentionRow>(MentionRow::key(user, time, room, position));
    }
    services.store.write(batch).await?;
    for Marked { room, position, number, .. } in gone.iter().cloned() {
        let flag = flag.clone();
        services.tell_flagged(user, &Flagged { room, position, number, flag, on: false });
    }
    Ok(())
}

/// Takes back a star, which the owner of its room writes. Whether that succeeds matters to nobody now.
async fn unstar(call: &Call, star: Marked) {
    let Marked { room, position, number, time } = star;
    match call.owner_elsewhere(room) {
        Ok(Some((nodes, node))) => {
            let command = Command::Star(Star { room, position, star: false });
            let _ = nodes.ask_call(node, call.asker(room), command).await;
        }
        Ok(None) => {
            let Ok(stamp) = call.owners_stamp(room) else { return };
            let (user, kind) = (call.user().clone(), FlagRow::STARRED.into());
            let row = FlagRow { user, kind, room, position, number, time };
            let flag = Flag::Starred(Empty {});
            let _ =
                call.flag(stamp, row, Flagged { room, position, number, flag, on: false }).await;
        }
        Err(_) => {}
    }
}

/// The messages that a person does not see any more.
///
/// # Errors
/// What the store says.
pub(crate) async fn hidden_of(
    store: &dyn Store,
    user: &UserId,
) -> Result<HiddenMessages, StoreError> {
    let rows = of_kind(store, user, FlagRow::HIDDEN, HIDDEN_MESSAGES).await?;
    let mut hidden = HiddenMessages::default();
    for row in rows {
        hidden.insert(row.room, row.position, row.number);
    }
    Ok(hidden)
}

/// The rows of one kind, in order of room and position.
async fn of_kind(
    store: &dyn Store,
    user: &UserId,
    kind: &str,
    most: usize,
) -> Result<Vec<FlagRow>, StoreError> {
    let prefix = |room: u64| -> Vec<Value> {
        vec![Arc::<str>::from(kind).to_value(), RoomId::from_random(room).to_value()]
    };
    let (from, to) = (Bound::Included(prefix(0)), Bound::Included(prefix(u64::MAX)));
    // One more may have been written by two devices at once.
    tables::scan(store, FlagRow::partition(user), from, to, most + ROWS_MORE).await
}

/// Rows over a limit that are read all the same: devices of a person that mark at once do not wait for each other.
const ROWS_MORE: usize = 100;
