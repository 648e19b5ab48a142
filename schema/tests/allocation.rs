//! A length that somebody only claims takes no memory. One test, so that no other moves the figure.
#![allow(clippy::expect_used, reason = "a helper of tests panics as they do")]

use caffis_schema::{
    ClientFrame, ServerFrame,
    codec::{Codec, decode},
};

/// The most address space that this process ever had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).expect("VmPeak");
    let kilobytes: u64 =
        line.trim().trim_end_matches(" kB").parse().expect("a number of kilobytes");
    kilobytes * 1024
}

#[test]
#[cfg(target_os = "linux")]
fn claimed_lengths_take_no_memory() {
    // Request 1, then a command's tag, its length, and a claimed length of 2^32 - 1 somewhere in it.
    const CLAIM: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let before = peak();
    for tag in 0..30 {
        for zeros in 0..60 {
            let payload = [vec![0; zeros], CLAIM.to_vec(), vec![0; 20]].concat();
            let sized = [vec![0, 1, tag, payload.len() as u8], payload.clone()].concat();
            let claimed = [vec![0, 1, tag], CLAIM.to_vec(), payload].concat();
            decode::<ClientFrame>(&claimed, Codec::Binary).expect_err("a claimed payload");
            let _ = decode::<ClientFrame>(&sized, Codec::Binary);
            // The same bytes as a server's reply: done or an error in place of the command.
            let reply = [vec![0, 1, 0], sized[2..].to_vec()].concat();
            let _ = decode::<ServerFrame>(&reply, Codec::Binary);
        }
    }
    // A list of users and a text, claimed at their places.
    let users = [vec![0, 1, 22, 6], CLAIM.to_vec(), vec![1]].concat();
    decode::<ClientFrame>(&users, Codec::Binary).expect_err("a claimed list");
    let token = [vec![0, 1, 1, 6], CLAIM.to_vec(), vec![1]].concat();
    decode::<ClientFrame>(&token, Codec::Binary).expect_err("a claimed text");
    let grown = peak() - before;
    assert!(grown < 512 << 20, "{grown} bytes of address space for claims");
}
