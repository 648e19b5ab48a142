//! Times as RFC 3339 writes them, read and written.

use crate::numbers::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// A time from text such as `2026-11-26T12:00:00Z` or `2026-11-26T13:00:00.250+01:00`, from 1970 to 9999;
/// none when it is not one.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 20 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let (hour, minute) = (number(&text[11..13])?, number(&text[14..16])?);
    let second = number(&text[17..19])?;
    let days = days(year, month, day)?;
    // A leap second is the last moment of its minute here.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, zone) = fraction(&text[19..])?;
    let offset = offset(zone)?;
    let of_day = ((hour * 60 + minute) * 60 + second.min(59)) * 1_000 + fraction;
    let time = days * DAY_MS + of_day - offset * 60_000;
    u64::try_from(time).ok().map(Timestamp)
}

/// A time in UTC, with milliseconds only where there are some.
pub(super) fn format_time(time: Timestamp) -> String {
    let time = i64::try_from(time.get()).unwrap_or(i64::MAX);
    let (year, month, day) = date(time / DAY_MS);
    let (seconds, fraction) = (time % DAY_MS / 1_000, time % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The milliseconds of a fraction of a second, and what follows it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 || digits > 9 {
        return None;
    }
    let milliseconds = format!("{:0<3}", &rest[..digits.min(3)]);
    Some((number(&milliseconds)?, &rest[digits..]))
}

/// The minutes of a zone's offset.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Days from 1970 to a date of the Gregorian calendar; none when there is no such date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March, so that the leap day is their last: Howard Hinnant, "chrono-Compatible
    // Low-Level Date Algorithms".
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The date so many days after 1970 began, by the same paper.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        let noon = Some(Timestamp(1_764_158_400_000));
        for text in [
            "2025-11-26T12:00:00Z",
            "2025-11-26t12:00:00z",
            "2025-11-26T13:00:00+01:00",
            "2025-11-26T06:30:00-05:30",
            "2025-11-26T12:00:00.000Z",
        ] {
            assert_eq!(parse_time(text), noon, "{text}");
        }
        let odd = parse_time("2024-02-29T23:59:60.123456789Z");
        assert_eq!(odd.map(format_time).as_deref(), Some("2024-02-29T23:59:59.123Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2025-11-26",
            "2025-11-26T12:00Z",
            "2025-11-26T12:00:00",
            "2025-02-29T12:00:00Z",
            "2025-13-01T12:00:00Z",
            "2025-00-01T12:00:00Z",
            "1969-12-31T23:59:59Z",
            "2025-11-26T24:00:00Z",
            "2025-11-26T12:00:00.Z",
            "2025-11-26T12:00:00+1:00",
            "2025-11-26T12:00:00+01:60",
            "2025-11-26T12:00:00Zulu",
            "+025-11-26T12:00:00Z",
            "１２３４-11-26T12:00:00Z",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_is_written_as_it_is_read() {
        for day in 0..80_000 {
            let time = Timestamp(day * 86_400_000 + 3_723_004);
            let text = format_time(time);
            assert_eq!(parse_time(&text), Some(time), "{text}");
        }
    }
}
