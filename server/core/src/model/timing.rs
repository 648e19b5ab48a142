//! How long a message can be changed by who wrote it.

use caffis_schema::{Error, ErrorCode, Timestamp};

/// How long after it was sent a message can be edited, in milliseconds; and, where nobody is told who has read
/// it, deleted by its author.
pub const EDIT_WINDOW_MS: u32 = 5 * 60 * 1_000;

/// Whether a message of a time can still be edited. Both times are of clocks of owners of the room: that the
/// client's clock is wrong changes nothing. An owner whose clock is behind the message's allows more.
///
/// # Errors
/// `too_late`.
pub fn in_edit_window(sent: Timestamp, now: Timestamp) -> Result<(), Error> {
    if now.since(sent) > u64::from(EDIT_WINDOW_MS) {
        let sentence = "This can be done for five minutes after a message was sent.";
        return Err(Error::refused(ErrorCode::TooLate, sentence));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_over_a_millisecond_after_them() {
        let sent = Timestamp(1_000_000);
        assert!(in_edit_window(sent, sent + 300_000).is_ok());
        let late = in_edit_window(sent, sent + 300_001).expect_err("too late");
        assert_eq!(late.code, ErrorCode::TooLate);
        assert!(in_edit_window(sent, Timestamp(0)).is_ok(), "a clock that is behind");
    }
}
