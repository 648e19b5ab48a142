//! Compression of large messages: permessage-deflate (RFC 7692), without context.
//!
//! Each message is compressed separately, so a link keeps no window between messages and an idle link
//! costs nothing. Only large messages are compressed, such as pages of history. Messages to many
//! receivers are small and are written uncompressed.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::error::WireError;

/// Messages of more bytes than this are compressed.
pub(super) const COMPRESS_ABOVE: usize = 16 * 1024;

/// What a client offers and a server answers.
pub(super) const TERMS: &str =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The end of every compressed message, which is not sent.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The first memory for a message that is decompressed.
const FIRST_CHUNK: usize = 4 * 1024;

/// The window of deflate, in bits: the only one that we compress with.
const WINDOW_BITS: &str = "15";

const NAME: &str = "permessage-deflate";

/// Whether one of the offers in a client's headers can be accepted with [`TERMS`].
pub(super) fn is_offered<'a>(mut offers: impl Iterator<Item = &'a str>) -> bool {
    offers.any(|offer| {
        let mut seen = Vec::new();
        parts(offer).is_some_and(|mut parameters| {
            parameters.all(|(name, value)| {
                let known = match name {
                    "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
                    "client_max_window_bits" => value.is_none_or(is_window),
                    "server_max_window_bits" => value == Some(WINDOW_BITS),
                    _ => false,
                };
                let twice = seen.contains(&name);
                seen.push(name);
                known && !twice
            })
        })
    })
}

/// Whether a server accepted the offer of [`TERMS`], or none if it answered something else.
pub(super) fn is_accepted(answer: Option<&str>) -> Option<bool> {
    let Some(answer) = answer else { return Some(false) };
    let parameters: Vec<_> = parts(answer)?.collect();
    let known = parameters.iter().all(|(name, value)| match *name {
        "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
        "server_max_window_bits" => value.is_some_and(is_window),
        _ => false,
    });
    let fresh = parameters.iter().any(|(name, _)| *name == "server_no_context_takeover");
    (known && fresh).then_some(true)
}

/// The parameters of an extension, if it is ours.
fn parts(extension: &str) -> Option<impl Iterator<Item = (&str, Option<&str>)>> {
    let mut parts = extension.split(';').map(str::trim);
    (parts.next() == Some(NAME)).then(|| {
        parts.map(|part| match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(value.trim_start().trim_matches('"'))),
            None => (part, None),
        })
    })
}

fn is_window(bits: &str) -> bool {
    bits.parse().is_ok_and(|bits: u8| (8..=15).contains(&bits)) && !bits.starts_with(['0', '+'])
}

/// The parts of a message, joined and compressed, or none if that makes it no smaller.
pub(super) fn compress(parts: [&[u8]; 2]) -> Option<Vec<u8>> {
    let size = parts[0].len() + parts[1].len();
    let mut out = Vec::with_capacity(size);
    let mut state = Compress::new(Compression::fast(), false);
    state.compress_vec(parts[0], &mut out, FlushCompress::None).ok()?;
    state.compress_vec(parts[1], &mut out, FlushCompress::Sync).ok()?;
    // A full buffer may lack the end.
    let whole = state.total_in() == size as u64 && out.len() < size && out.ends_with(&TAIL);
    out.truncate(out.len().saturating_sub(TAIL.len()));
    whole.then_some(out)
}

/// A message as it was before its compression, if it has at most `limit` bytes. However much it
/// claims to hold, no more memory than that is taken.
pub(super) fn decompress(message: &[u8], limit: usize) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::new();
    let mut state = Decompress::new(false);
    for mut rest in [message, &TAIL] {
        loop {
            if out.len() == out.capacity() {
                let more = out.len().max(FIRST_CHUNK).min(limit + 1 - out.len());
                out.reserve_exact(more);
            }
            let taken = state.total_in();
            let status = state
                .decompress_vec(rest, &mut out, FlushDecompress::Sync)
                .map_err(|_| WireError::Malformed("compressed data"))?;
            if out.len() > limit {
                return Err(WireError::TooLarge(limit));
            }
            rest = rest.get((state.total_in() - taken) as usize..).unwrap_or_default();
            if status == Status::StreamEnd {
                // A last block is allowed, and a byte of padding after it.
                let padding = matches!(rest, [] | [0]) || rest == TAIL;
                return if padding {
                    Ok(out)
                } else {
                    Err(WireError::Malformed("compressed data"))
                };
            }
            if out.len() < out.capacity() {
                if !rest.is_empty() {
                    return Err(WireError::Malformed("compressed data"));
                }
                break;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_accepted_whose_terms_we_can_keep() {
        for (offers, accepted) in [
            (&["permessage-deflate"][..], true),
            (&["permessage-deflate; client_max_window_bits"], true),
            (&["permessage-deflate; client_max_window_bits=9"], true),
            (&["permessage-deflate;server_no_context_takeover;client_no_context_takeover"], true),
            (&["permessage-deflate; server_max_window_bits=15"], true),
            (&["permessage-deflate; server_max_window_bits=\"15\""], true),
            (&["permessage-deflate; server_max_window_bits=10"], false),
            (&["permessage-deflate; server_max_window_bits=10", "permessage-deflate"], true),
            (&["permessage-deflate; client_max_window_bits=16"], false),
            (&["permessage-deflate; client_max_window_bits=08"], false),
            (&["permessage-deflate; server_no_context_takeover=1"], false),
            (&["permessage-deflate; client_max_window_bits; client_max_window_bits"], false),
            (&["permessage-deflate; something_else"], false),
            (&["x-webkit-deflate-frame"], false),
            (&[], false),
        ] {
            assert_eq!(is_offered(offers.iter().copied()), accepted, "{offers:?}");
        }
    }

    #[test]
    fn answers_are_accepted_that_keep_no_context() {
        for (answer, accepted) in [
            (None, Some(false)),
            (Some(TERMS), Some(true)),
            (Some("permessage-deflate; server_no_context_takeover"), Some(true)),
            (
                Some("permessage-deflate; server_no_context_takeover; server_max_window_bits=9"),
                Some(true),
            ),
            (Some("permessage-deflate"), None),
            (
                Some("permessage-deflate; server_no_context_takeover; client_max_window_bits=9"),
                None,
            ),
            (Some("something-else"), None),
        ] {
            assert_eq!(is_accepted(answer), accepted, "{answer:?}");
        }
    }

    #[test]
    fn what_is_compressed_comes_back_and_noise_stays_as_it_is() {
        let text = "pages of history ".repeat(2_000);
        let small = compress([b"k", text.as_bytes()]).unwrap();
        assert!(small.len() * 10 < text.len(), "{}", small.len());
        assert_eq!(decompress(&small, text.len() + 1).unwrap(), ["k", &text].concat().as_bytes());
        let mut noise = vec![0; 20_000];
        rand::fill(&mut noise[..]);
        assert_eq!(compress([&[], &noise]), None);
    }

    #[test]
    fn a_bomb_takes_no_more_than_the_limit() {
        let bomb = compress([&[], &vec![0; 10_000_000]]).unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(decompress(&bomb, 65_536), Err(WireError::TooLarge(65_536)));
        let fits = compress([&[], &[0; 65_536]]).unwrap();
        assert_eq!(decompress(&fits, 65_536).unwrap().len(), 65_536);
    }

    #[test]
    fn other_forms_of_deflate_are_understood_and_garbage_is_refused() {
        // From RFC 7692: one block, two blocks, a stored block, a last block with its padding.
        for bytes in [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        ] {
            assert_eq!(decompress(bytes, 100).unwrap(), b"Hello", "{bytes:x?}");
        }
        assert_eq!(decompress(&[0x00], 100).unwrap(), b"");
        for garbage in [&[0xff; 20][..], &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 7, 7, 7]] {
            let refused = decompress(garbage, 100);
            assert_eq!(refused, Err(WireError::Malformed("compressed data")), "{garbage:x?}");
        }
    }
}
