//! Many messages in one value: what a row of `search_blocks` holds.
//!
//! The time and the position of the first message, the newest, and then of each message how much smaller they are than
//! those before it: most are small, and a number takes a byte for each seven bits.

use bytes::Bytes;
use caffis_schema::{Position, Timestamp};

/// A message: when it was sent, and where it is. Both grow together.
pub(super) type Posting = (Timestamp, Position);

/// The messages, newest first, as one value.
pub(super) fn pack(postings: &[Posting]) -> Bytes {
    let mut packed = Vec::with_capacity(postings.len() * 4 + 16);
    let (mut time, mut position) = (0_u64, 0_u64);
    for (Timestamp(next_time), Position(next_position)) in postings.iter().copied() {
        number(&mut packed, time.wrapping_sub(next_time));
        number(&mut packed, position.wrapping_sub(next_position));
        (time, position) = (next_time, next_position);
    }
    packed.into()
}

/// The messages of a value; none if it is not one that [`pack`] made.
pub(super) fn unpack(mut packed: &[u8]) -> Option<Vec<Posting>> {
    let mut postings = Vec::with_capacity(packed.len() / 4);
    let (mut time, mut position) = (0_u64, 0_u64);
    while !packed.is_empty() {
        time = time.wrapping_sub(take(&mut packed)?);
        position = position.wrapping_sub(take(&mut packed)?);
        postings.push((Timestamp(time), Position(position)));
    }
    Some(postings)
}

fn number(packed: &mut Vec<u8>, mut rest: u64) {
    while rest >= 0x80 {
        packed.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    packed.push(rest as u8);
}

fn take(packed: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = packed.split_first()?;
        *packed = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(numbers in prop::collection::vec((any::<u64>(), any::<u64>()), 0..200)) {
            let postings: Vec<Posting> =
                numbers.into_iter().map(|(time, at)| (Timestamp(time), Position(at))).collect();
            prop_assert_eq!(unpack(&pack(&postings)), Some(postings));
        }

        #[test]
        fn other_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn neighbours_take_few_bytes() {
        let postings: Vec<Posting> = (0..1_000)
            .rev()
            .map(|at| (Timestamp(1_767_225_600_000 + at * 90), Position(at)))
            .collect();
        assert!(pack(&postings).len() < 2_020);
        assert_eq!(unpack(&[0x80]), None);
        assert_eq!(unpack(&[0xff; 30]), None);
    }
}
