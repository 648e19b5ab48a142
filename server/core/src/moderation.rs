//! What those who moderate ask: which messages were reported.

use std::{fmt, ops::Bound, str::FromStr};

use caffis_schema::{
    Error, ErrorCode, List, Position, RoomId, Text, Timestamp, UserId,
    ids::MAX_EXACT,
    reports::{REPORTS, ReportPage, ReportedMessage},
};
use futures_util::{StreamExt, stream};

use crate::{
    Core, Inquirer,
    cluster::Shard,
    model::authorise::authorise_reports,
    tables::{self, ColumnValue, ReportIndexRow, ReportRow},
};

/// Shards that are read at the same time.
const SHARDS_AT_ONCE: usize = 16;

/// A place in the list of reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cursor {
    time: Timestamp,
    room: RoomId,
    position: Position,
    reporter: UserId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, room, position, reporter } = self;
        write!(f, "{}.{room}.{}.{reporter}", time.get(), position.get())
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |text: &str| text.parse().ok().filter(|number| *number <= MAX_EXACT).ok_or(());
        let mut parts = text.splitn(4, '.');
        let mut next = || parts.next().ok_or(());
        let time = Timestamp(number(next()?)?);
        let room = next()?.parse().map_err(|_| ())?;
        let position = Position(number(next()?)?);
        let reporter = UserId::new(next()?).map_err(|_| ())?;
        Ok(Self { time, room, position, reporter })
    }
}

impl Cursor {
    fn of(row: &ReportIndexRow) -> Self {
        let ReportIndexRow { time, room, position, .. } = *row;
        Self { time, room, position, reporter: row.reporter.clone() }
    }
}

impl Core {
    /// The reports of all rooms, oldest first: at most `limit` after a place in the list.
    ///
    /// # Errors
    /// `forbidden` for who may not ask, `invalid` for a place that no list has named, and what the store says.
    pub async fn reports(
        &self,
        by: &Inquirer,
        after: Option<&str>,
        limit: u8,
    ) -> Result<ReportPage, Error> {
        authorise_reports(by.service)?;
        let after = after.map(|after| after.parse::<Cursor>()).transpose().map_err(|()| {
            Error::refused(ErrorCode::Invalid, "after is not what a list has given as next.")
        })?;
        let (store, limit) = (&*self.services().store, usize::from(limit).clamp(1, REPORTS));
        let from = after.map_or(Bound::Unbounded, |after| {
            let Cursor { time, room, position, reporter } = after;
            Bound::Excluded(vec![
                time.to_value(),
                room.to_value(),
                position.to_value(),
                reporter.to_value(),
            ])
        });
        let read = stream::iter(Shard::all()).map(|shard| {
            let (partition, from) = (ReportIndexRow::partition(&shard.get()), from.clone());
            tables::scan::<ReportIndexRow>(store, partition, from, Bound::Unbounded, limit + 1)
        });
        let mut read = read.buffer_unordered(SHARDS_AT_ONCE);
        let mut index: Vec<(Cursor, ReportIndexRow)> = Vec::new();
        while let Some(rows) = read.next().await {
            index.extend(rows?.into_iter().map(|row| (Cursor::of(&row), row)));
            // No more is in memory than is wanted.
            index.sort_by(|one, other| one.0.cmp(&other.0));
            index.truncate(limit + 1);
        }
        let more = index.len() > limit;
        index.truncate(limit);
        let next = index.last().filter(|_| more).map(|(cursor, _)| Text::cut(&cursor.to_string()));
        let key = |(_, row): &(Cursor, ReportIndexRow)| {
            ReportRow::key(&row.room, &row.position, &row.reporter)
        };
        let keys: Vec<_> = index.iter().map(key).collect();
        let rows = tables::get_many::<ReportRow>(store, &keys).await?;
        let reports = rows.into_iter().flatten().map(|row| {
            let ReportRow { room, position, reporter, time, sender, reason, text } = row;
            ReportedMessage { time, room, position, sender, reporter, reason, text }
        });
        Ok(ReportPage { reports: List::cut(reports.collect()), next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_comes_back() {
        let cursor = Cursor {
            time: Timestamp(1_764_158_400_000),
            room: RoomId::from_random(7),
            position: Position(12),
            reporter: UserId::new("anna.b").expect("an id"),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "1", "1.2.3.4", "x.0000000000000007.1.anna", "1.0000000000000007.1."] {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
    }
}
