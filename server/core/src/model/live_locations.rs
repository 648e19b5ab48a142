//! Where and for how long people share their live location.

use caffis_schema::{
    Body, Error, ErrorCode, Timestamp,
    limits::LIVE_LOCATION_MINUTES,
    places::LiveLocation,
    room::{Extra, RoomClass},
};

use super::room::RoomState;

/// Milliseconds in a minute.
const MINUTE_MS: u64 = 60_000;

/// Whether a message may begin a live location, if it is to: a location, for a while, in a room whose few members are
/// known and in which it can be ended.
///
/// # Errors
/// `room_class` for rooms of other kinds, `limit_reached` for a room with more than `few`
/// members, `invalid` for other messages and for a time that is past or too far ahead.
pub fn check(
    (body, extras): (&Body, &[Extra]),
    room: &RoomState,
    (few, now): (u32, Timestamp),
) -> Result<(), Error> {
    let Some(LiveLocation { until }) = Extra::live_location(extras) else { return Ok(()) };
    let refused = |code, sentence: &str| Err(Error::refused(code, sentence));
    if !matches!(body, Body::Location(_)) {
        return invalid("Only a location is live.");
    }
    match room.meta.class {
        RoomClass::Social => {}
        RoomClass::Public => {
            let sentence = "Whoever came in would see where you go: share it with people you know.";
            return refused(ErrorCode::RoomClass, sentence);
        }
        RoomClass::Evidence => {
            let sentence =
                "What is written here is never changed, so a live location could not be ended.";
            return refused(ErrorCode::RoomClass, sentence);
        }
    }
    if !room.is_small(few) {
        let sentence = format!("A live location is shared with at most {few} members.");
        return refused(ErrorCode::LimitReached, &sentence);
    }
    if *until <= now {
        return invalid("The time at which this live location ends is past.");
    }
    if until.since(now) > LIVE_LOCATION_MINUTES as u64 * MINUTE_MS {
        return invalid(&format!("A live location lasts at most {LIVE_LOCATION_MINUTES} minutes."));
    }
    Ok(())
}

fn invalid<T>(sentence: &str) -> Result<T, Error> {
    Err(Error::refused(ErrorCode::Invalid, sentence))
}
