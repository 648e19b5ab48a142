//! The hours in which a person does not want to be disturbed.

use caffis_schema::{Timestamp, hooks::users::UserUpserted};
use jiff::tz::TimeZone;

use super::Mirror;

impl Mirror {
    /// Whether it is in the person's quiet hours, on their own clock; on that of UTC if their time zone is
    /// unknown.
    #[must_use]
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        match self {
            Self::Known(user) => is_quiet(user, now),
            Self::Deleted(_) => false,
        }
    }
}

fn is_quiet(user: &UserUpserted, now: Timestamp) -> bool {
    let Some(hours) = &user.quiet_hours else { return false };
    let zone = user.time_zone.as_ref().and_then(|name| TimeZone::get(name).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    let milliseconds = i64::try_from(now.get()).ok();
    let now = milliseconds.and_then(|now| jiff::Timestamp::from_millisecond(now).ok());
    let Some(now) = now else { return false };
    let local = zone.to_datetime(now);
    let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
    let (start, end) = (minutes(&hours.start), minutes(&hours.end));
    if start <= end {
        (start..end).contains(&minute)
    } else {
        // Over midnight.
        minute >= start || minute < end
    }
}

/// The minute of the day that a clock shows: `22:00`.
fn minutes(clock: &str) -> i32 {
    let (hour, minute) = clock.split_once(':').unwrap_or_default();
    let number = |digits: &str| digits.parse::<i32>().unwrap_or_default();
    number(hour) * 60 + number(minute)
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        List, Text, UserId,
        hooks::{
            users::QuietHours,
            values::{ClockTime, TimeZone, Version},
        },
    };

    use super::*;

    fn quiet(zone: Option<&str>, start: &str, end: &str, now: u64) -> bool {
        let clock = |text| ClockTime::new(text).expect("a time");
        let user = UserUpserted {
            id: UserId::new("giulia").expect("an id"),
            version: Version::new(1).expect("a version"),
            name: Text::cut("Giulia"),
            picture: None,
            locale: None,
            time_zone: zone.map(|zone| TimeZone::new(zone).expect("a zone")),
            quiet_hours: Some(QuietHours { start: clock(start), end: clock(end) }),
            roles: List::default(),
        };
        is_quiet(&user, Timestamp(now))
    }

    #[test]
    fn hours_are_those_of_the_persons_clock() {
        // 2026-01-01 21:30 UTC, which is 22:30 in Rome; and 2026-07-01 20:30 UTC, which is 22:30 there, too.
        let (winter, summer) = (1_767_303_000_000, 1_782_937_800_000);
        for (zone, start, end, now, expected) in [
            (None, "21:00", "07:00", winter, true),
            (None, "22:00", "07:00", winter, false),
            (Some("Europe/Rome"), "22:00", "07:00", winter, true),
            (Some("Europe/Rome"), "22:00", "07:00", summer, true),
            (None, "22:00", "07:00", summer, false),
            (Some("Europe/Rome"), "22:31", "07:00", winter, false),
            (Some("America/New_York"), "22:00", "07:00", winter, false),
            (Some("America/New_York"), "16:00", "16:31", winter, true),
            (Some("Mars/Olympus"), "21:00", "22:00", winter, true),
            (None, "21:30", "21:30", winter, false),
            (None, "21:00", "21:30", winter, false),
            (None, "21:30", "21:31", winter, true),
        ] {
            assert_eq!(quiet(zone, start, end, now), expected, "{zone:?} {start} {end} {now}");
        }
    }
}
