//! What planted bugs make of single rows.

use bytes::Bytes;
use caffis_core::{
    model::{invites::Link, room::Membership},
    ports::store::{Batch, Key, Operation, Row, Value},
    tables::{InvitesRow, MarkerRow, MemberRow, Record, SentRow, TimelineRow, UserRoomRow},
};
use caffis_schema::{
    Body, Codec, EntryKind, List, Timestamp, codec,
    limits::INVITES,
    room::Role,
    settings::{RoomSettings, SettingsChange},
};

/// The partition of a bucket as one of the first epoch.
pub(super) fn shared(partition: &mut [Value]) {
    if let Some(epoch) = partition.get_mut(1) {
        *epoch = Value::U64(1);
    }
}

/// What a row of a log says.
fn kind(row: &TimelineRow) -> Option<EntryKind> {
    codec::decode(row.content.as_ref()?, Codec::Binary).ok()
}

/// Makes an entry that says how people write in a room say that all may.
pub(super) fn forget_settings(row: &mut Row) {
    let Some(mut record) = TimelineRow::from_row(row.clone()) else { return };
    let Some(EntryKind::Settings(change)) = kind(&record) else { return };
    let forgotten =
        EntryKind::Settings(SettingsChange { settings: RoomSettings::default(), ..change });
    record.content = codec::encode(&forgotten, Codec::Binary).ok().map(Bytes::from);
    *row = record.to_row();
}

/// Whether a new owner writes again how people write in a room.
pub(super) fn is_settings_again(operation: &Operation) -> bool {
    let Operation::Put { table, row, fresh: false, .. } = operation else { return false };
    let record = (table.name == TimelineRow::TABLE.name).then(|| row.clone());
    let record = record.and_then(TimelineRow::from_row);
    record.is_some_and(|record| matches!(kind(&record), Some(EntryKind::Settings(_))))
}

/// The rows of those whom an append brings into a room.
pub(super) fn joining(batch: &Batch) -> Batch {
    let mut rows = Batch::logged(batch.stamp);
    for operation in &batch.operations {
        let Operation::Put { table, row, .. } = operation else { continue };
        if table.name != TimelineRow::TABLE.name {
            continue;
        }
        let Some(row) = TimelineRow::from_row(row.clone()) else { continue };
        let Some(EntryKind::Joined(joined)) = kind(&row) else { continue };
        for user in joined.users.iter() {
            let member = Membership {
                role: Role::Member,
                joined: row.time,
                joined_position: row.position,
                visible_after: joined.visible_after,
                unread_after: Default::default(),
            };
            rows.put(&MemberRow::new(row.room, user.clone(), &member));
            let (user, room, joined) = (user.clone(), row.room, row.time);
            rows.put(&UserRoomRow { user, room, joined, peer: None });
        }
    }
    rows.merge();
    rows
}

/// Changes a record, if a row is one.
fn change<R: Record>(row: &mut Row, change: impl FnOnce(&mut R)) {
    if let Some(mut record) = R::from_row(row.clone()) {
        change(&mut record);
        *row = record.to_row();
    }
}

/// Makes every member an admin who is less.
pub(super) fn promote(row: &mut Row) {
    change(row, |member: &mut MemberRow| member.role = member.role.max(Role::Admin));
}

/// Makes the links of a room say something else.
pub(super) fn change_links(row: &mut Row, forget: impl Fn(&mut Link)) {
    change(row, |invites: &mut InvitesRow| {
        let links = codec::decode::<List<Link, INVITES>>(&invites.content, Codec::Binary);
        let Ok(mut links) = links.map(List::into_vec) else { return };
        links.iter_mut().for_each(forget);
        if let Ok(content) = codec::encode(&List::<Link, INVITES>::cut(links), Codec::Binary) {
            invites.content = content.into();
        }
    });
}

/// Sets when the poll in a row closes; gives when it did before, if the row is a poll.
pub(super) fn set_closing(row: &mut Row, closes: Option<Timestamp>) -> Option<Option<Timestamp>> {
    let mut record = TimelineRow::from_row(row.clone())?;
    let Some(EntryKind::Message(mut message)) = kind(&record) else { return None };
    let Body::Poll(poll) = &mut message.body else { return None };
    let before = std::mem::replace(&mut poll.closes, closes);
    let content = codec::encode(&EntryKind::Message(message), Codec::Binary).ok()?;
    record.content = Some(Bytes::from(content));
    *row = record.to_row();
    Some(before)
}

/// Takes from a batch that rooms are muted.
pub(super) fn unmute(batch: &mut Batch) {
    for operation in &mut batch.operations {
        if let Operation::Put { table, row, .. } = operation
            && table.name == MarkerRow::TABLE.name
        {
            change(row, |marker: &mut MarkerRow| marker.muted_until = None);
        }
    }
}

/// Whether an operation notes what became of a command that is known for ever.
pub(super) fn is_lasting(operation: &Operation) -> bool {
    matches!(operation, Operation::Put { table, ttl: None, .. } if table.name == SentRow::TABLE.name)
}

/// The key of the row that an operation writes to a log.
pub(super) fn in_log(operation: &mut Operation) -> Option<(Key, &mut Row)> {
    match operation {
        Operation::Put { table, row, .. } if table.name == TimelineRow::TABLE.name => {
            Some((row.key.clone(), row))
        }
        _ => None,
    }
}
