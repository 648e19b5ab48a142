//! What travels on a channel: a header of fixed size, then the payload.

use std::time::Duration;

use bytes::{Buf, Bytes};
use caffis_core::ports::bus::NodeId;

const MESSAGE: u8 = 1;
const REQUEST: u8 = 2;
const REPLY: u8 = 3;

/// The most bytes of a header.
pub(crate) const MAX_HEADER_BYTES: usize = 25;

/// What a node sends to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Published on a topic.
    Message { from: NodeId, payload: Bytes },
    /// To one node.
    Request { from: NodeId, number: u64, within: Duration, payload: Bytes },
    /// To the request with this number of the node that it is sent to.
    Reply { from: NodeId, number: u64, payload: Bytes },
}

impl Frame {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (Self::Message { from, payload }
        | Self::Request { from, payload, .. }
        | Self::Reply { from, payload, .. }) = self;
        let mut bytes = Vec::with_capacity(MAX_HEADER_BYTES + payload.len());
        bytes.push(match self {
            Self::Message { .. } => MESSAGE,
            Self::Request { .. } => REQUEST,
            Self::Reply { .. } => REPLY,
        });
        bytes.extend(from.get().to_be_bytes());
        match self {
            Self::Message { .. } => {}
            Self::Request { number, within, .. } => {
                bytes.extend(number.to_be_bytes());
                let nanoseconds = u64::try_from(within.as_nanos()).unwrap_or(u64::MAX);
                bytes.extend(nanoseconds.to_be_bytes());
            }
            Self::Reply { number, .. } => bytes.extend(number.to_be_bytes()),
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    /// The frame, or none: what others may publish on a channel is not for this program.
    pub(crate) fn decode(mut bytes: Bytes) -> Option<Self> {
        let kind = bytes.try_get_u8().ok()?;
        let from = bytes.try_get_u64().ok()?;
        let from = Some(NodeId::from_random(from)).filter(|node| node.get() == from)?;
        let frame = match kind {
            MESSAGE => Self::Message { from, payload: bytes },
            REQUEST => {
                let number = bytes.try_get_u64().ok()?;
                let within = Duration::from_nanos(bytes.try_get_u64().ok()?);
                Self::Request { from, number, within, payload: bytes }
            }
            REPLY => {
                let number = bytes.try_get_u64().ok()?;
                Self::Reply { from, number, payload: bytes }
            }
            _ => return None,
        };
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_back_and_parts_of_headers_do_not() {
        let from = NodeId::from_random(7);
        for payload in [Bytes::new(), Bytes::from_static(b"\x00words\xff")] {
            let within = Duration::from_millis(1_500);
            let frames = [
                (9, Frame::Message { from, payload: payload.clone() }),
                (25, Frame::Request { from, number: 3, within, payload: payload.clone() }),
                (17, Frame::Reply { from, number: u64::MAX, payload: payload.clone() }),
            ];
            for (header, frame) in frames {
                let encoded = Bytes::from(frame.encode());
                assert_eq!(encoded.len(), header + payload.len());
                assert_eq!(Frame::decode(encoded.clone()), Some(frame));
                for length in 0..header {
                    assert_eq!(Frame::decode(encoded.slice(..length)), None, "{length}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_frame_is_none() {
        assert_eq!(Frame::decode(Bytes::from_static(b"hello, is anybody there?")), None);
        // A node's number has no top bit.
        let mut frame =
            Frame::Message { from: NodeId::from_random(1), payload: Bytes::new() }.encode();
        frame[1] |= 0x80;
        assert_eq!(Frame::decode(frame.into()), None);
    }
}
