//! Frames to commands, and answers to frames.

use std::future::poll_fn;

use bytes::Bytes;
use caffis_link::{Lane, Link};
use caffis_schema::{
    ClientFrame, Codec, Error, ErrorCode, ServerFrame, codec,
    event::{Answer, Answered},
    limits::COMMAND_BYTES,
};

use crate::{call::Handled, hub::encoded::encode};

/// Decodes a client's frame.
pub(super) fn decode(payload: &[u8], codec: Codec) -> Result<ClientFrame, Error> {
    if payload.len() > COMMAND_BYTES {
        let sentence = format!("A frame has at most {COMMAND_BYTES} bytes.");
        return Err(Error::refused(ErrorCode::TooLarge, &sentence));
    }
    codec::decode(payload, codec)
        .map_err(|error| Error::refused(ErrorCode::Malformed, &error.to_string()))
}

/// Answers before there is a session.
pub(super) async fn answer_now(link: &mut dyn Link, id: u32, error: Error, codec: Codec) {
    let bytes = answer_bytes(id, Err(error), codec, link.info().max_frame);
    if link.start_send(Lane::MAIN, bytes).is_ok() {
        // The link may be gone, and with it the receiver.
        let _ = poll_fn(|cx| link.poll_flush(cx)).await;
    }
}

/// The answer, or that it does not fit in a frame of the link.
pub(super) fn answer_bytes(id: u32, handled: Handled, codec: Codec, limit: usize) -> Bytes {
    let result = match handled {
        Ok(reply) => Answered::Ok(reply),
        Err(error) => Answered::Error(error),
    };
    let bytes = encode(&ServerFrame::Reply(Answer { id, result }), codec);
    if bytes.is_empty() || bytes.len() > limit {
        let sentence = "The answer does not fit in a frame: ask for fewer.";
        let result = Answered::Error(Error::refused(ErrorCode::TooLarge, sentence));
        return encode(&ServerFrame::Reply(Answer { id, result }), codec);
    }
    bytes
}
