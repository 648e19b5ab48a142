//! The Rust side of the crossing test: writes seeded random frames to stdout, reads them back from
//! stdin as the other implementation encoded them, and compares byte for byte.
//!
//! `cross SEED COUNT`; each frame is a kind byte (0 from a client, 1 from a server), its length in
//! four bytes, little-endian, and its payload. Exits 0 and prints the count on stderr when all came
//! back as they went.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    io::{self, BufReader, BufWriter, Read, Write},
    thread,
};

use anyhow::{Context as _, Result, bail, ensure};
use caffis_schema::{
    ClientFrame, ServerFrame,
    codec::{Codec, decode, encode},
};
use support::Frames;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number =
        || -> Result<u64> { Ok(arguments.next().context("usage: cross SEED COUNT")?.parse()?) };
    let (seed, count) = (number()?, number()?);
    let writer = thread::spawn(move || send(seed, count));
    let bytes = receive(seed, count)?;
    match writer.join() {
        Ok(result) => result?,
        Err(_) => bail!("the writer panicked"),
    }
    eprintln!("{count} frames of {bytes} bytes came back as they went");
    Ok(())
}

/// The kind byte and the payload of the next frame, encoded by the library from the decoded value.
fn next(frames: &mut Frames, index: u64) -> Result<(u8, Vec<u8>)> {
    if index.is_multiple_of(2) {
        let frame: ClientFrame = decode(&frames.client(), Codec::Binary)?;
        Ok((0, encode(&frame, Codec::Binary)?))
    } else {
        let frame: ServerFrame = decode(&frames.server(), Codec::Binary)?;
        Ok((1, encode(&frame, Codec::Binary)?))
    }
}

fn send(seed: u64, count: u64) -> Result<()> {
    let mut frames = Frames::new(seed);
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for index in 0..count {
        let (kind, payload) = next(&mut frames, index)?;
        out.write_all(&[kind])?;
        out.write_all(&u32::try_from(payload.len())?.to_le_bytes())?;
        out.write_all(&payload)?;
    }
    Ok(out.flush()?)
}

fn receive(seed: u64, count: u64) -> Result<usize> {
    let mut frames = Frames::new(seed);
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut total = 0;
    for index in 0..count {
        let (kind, expected) = next(&mut frames, index)?;
        let mut head = [0; 5];
        input.read_exact(&mut head).with_context(|| format!("frame {index} did not come"))?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        ensure!(head[0] == kind && length == expected.len(), "frame {index} came back as another");
        let mut payload = vec![0; length];
        input.read_exact(&mut payload)?;
        ensure!(payload == expected, "frame {index} came back changed");
        total += length;
    }
    Ok(total)
}
