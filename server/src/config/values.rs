//! How durations and sizes are written.

use std::time::Duration;

const TIMES: &[(&str, u64)] =
    &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const SIZES: &[(&str, u64)] =
    &[("GiB", 1024 * 1024 * 1024), ("MiB", 1024 * 1024), ("KiB", 1024), ("B", 1)];

/// A time: a whole number and its unit, such as `500ms`, `10s`, `5m`, `2h`, `3d`.
#[must_use]
pub fn parse_time(text: &str) -> Option<Duration> {
    with_unit(text, TIMES).map(Duration::from_millis)
}

/// The shortest way to write a time.
pub(super) fn show_time(time: Duration) -> String {
    show(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), TIMES, "0s")
}

/// A size: a whole number of bytes, or with its unit: `64MiB`.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| with_unit(text, SIZES))
}

/// The shortest way to write a size.
pub(super) fn show_size(bytes: u64) -> String {
    show(bytes, SIZES, "0B")
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*scale)
}

fn show(number: u64, units: &[(&str, u64)], zero: &str) -> String {
    if number == 0 {
        return zero.to_owned();
    }
    let whole = units.iter().find(|(_, scale)| number.is_multiple_of(*scale));
    whole.map_or_else(String::new, |(unit, scale)| format!("{}{unit}", number / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_come_back_as_written() {
        for text in ["500ms", "10s", "5m", "2h", "3d"] {
            assert_eq!(show_time(parse_time(text).unwrap()), text);
        }
        for text in ["3B", "512KiB", "64MiB", "2GiB"] {
            assert_eq!(show_size(parse_size(text).unwrap()), text);
        }
        assert_eq!(parse_size("1024"), Some(1024));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "10", "s", "-1s", "1.5s", "10 s", "10x", "99999999999999999999s"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(parse_size("18446744073709551615GiB"), None);
    }
}
