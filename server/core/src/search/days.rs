//! Days as they begin and end on somebody's clock.

use caffis_schema::Timestamp;
use caffis_words::Day;
use jiff::{
    civil::Date,
    tz::{Offset, TimeZone},
};

/// The days of a time zone.
pub(crate) struct Days(TimeZone);

impl Days {
    /// Those of UTC.
    pub(crate) fn utc() -> Self {
        Self(TimeZone::fixed(Offset::UTC))
    }

    /// Those of a time zone by its name (IANA); none if there is none of this name.
    pub(crate) fn of(zone: &str) -> Option<Self> {
        TimeZone::get(zone).ok().filter(|zone| !zone.is_unknown()).map(Self)
    }

    /// When a day begins: not always at midnight, where clocks are set forward then.
    pub(crate) fn start(&self, day: Day) -> Timestamp {
        date(day).map_or(Timestamp::MAX, |date| self.begins(date))
    }

    /// When the day after it begins: a day has 23 hours or 25 when clocks are changed.
    pub(crate) fn end(&self, day: Day) -> Timestamp {
        let next = date(day).and_then(|date| date.tomorrow().ok());
        next.map_or(Timestamp::MAX, |next| self.begins(next))
    }

    fn begins(&self, date: Date) -> Timestamp {
        let Ok(start) = date.to_zoned(self.0.clone()) else { return Timestamp::MAX };
        // What was before 1970 was before every message.
        Timestamp(start.timestamp().as_millisecond().try_into().unwrap_or(0))
    }
}

fn date(Day { year, month, day }: Day) -> Option<Date> {
    let year = i16::try_from(year).ok()?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn day(year: u16, month: u8, day: u8) -> Day {
        Day { year, month, day }
    }

    #[test]
    fn days_begin_and_end_on_the_clock_of_the_place() {
        let utc = Days::utc().start(day(2026, 11, 26));
        assert_eq!(utc, Timestamp(1_795_651_200_000));
        for (zone, earlier) in
            [("UTC", 0), ("Europe/Rome", 1), ("Pacific/Auckland", 13), ("Asia/Tokyo", 9)]
        {
            let days = Days::of(zone).expect("a zone");
            assert_eq!(days.start(day(2026, 11, 26)), Timestamp(utc.0 - earlier * HOUR), "{zone}");
            assert_eq!(days.end(day(2026, 11, 25)), days.start(day(2026, 11, 26)), "{zone}");
        }
        let west = Days::of("America/New_York").expect("a zone");
        assert_eq!(west.start(day(2026, 11, 26)), Timestamp(utc.0 + 5 * HOUR));
    }

    #[test]
    fn days_are_shorter_or_longer_when_clocks_are_changed() {
        for (zone, of, hours) in [
            ("Europe/Rome", day(2026, 3, 29), 23),
            ("Europe/Rome", day(2026, 10, 25), 25),
            ("Europe/Rome", day(2026, 10, 26), 24),
            ("America/New_York", day(2026, 3, 8), 23),
            // There was no midnight on this day: it began at one o'clock.
            ("America/Sao_Paulo", day(2018, 11, 4), 23),
            // Midnight came twice: the first one counts.
            ("America/Havana", day(2018, 11, 4), 25),
            // This day was left out.
            ("Pacific/Apia", day(2011, 12, 30), 0),
        ] {
            let days = Days::of(zone).expect("a zone");
            let length = days.end(of).0 - days.start(of).0;
            assert_eq!(length, hours * HOUR, "{zone} {of:?}");
        }
    }

    #[test]
    fn every_day_of_a_query_has_a_time_and_names_that_are_none_have_none() {
        let days = Days::of("Europe/Rome").expect("a zone");
        assert_eq!(days.start(day(1, 1, 1)), Timestamp(0));
        assert_eq!(days.end(day(9999, 12, 31)), Timestamp::MAX);
        for zone in ["", "Mars/Olympus", "+01:00", "Etc/Unknown", "../../etc/passwd"] {
            assert!(Days::of(zone).is_none(), "{zone}");
        }
    }
}
