//! Keys as bytes whose order is the table's order.
//!
//! A key is its columns one after the other, each of which ends itself: a bool is a byte, a number
//! eight bytes (big-endian), text and bytes are escaped (0x00 becomes 0x00 0xff) and end with
//! 0x00 0x00. The bytes of a descending column are inverted. So a prefix of columns is a prefix of
//! bytes, and no key begins with another.

use std::{ops::Bound, sync::Arc};

use bytes::Bytes;
use caffis_core::ports::store::{ColumnType, Key, Order, Table, Value};

const ESCAPE: u8 = 0x00;
const ESCAPED: u8 = 0xff;
const END: u8 = 0x00;

/// Room for the key of most rows: two ids and a few numbers.
const ROOM: usize = 96;

/// A key that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key column of {0:?} is broken")]
pub(crate) struct BadKey(ColumnType);

fn push(value: &Value, out: &mut Vec<u8>) {
    match value {
        // Checked before: a key column is never null.
        Value::Null => {}
        Value::Bool(flag) => out.push(u8::from(*flag)),
        Value::U64(number) => out.extend_from_slice(&number.to_be_bytes()),
        Value::Text(text) => push_escaped(text.as_bytes(), out),
        Value::Bytes(bytes) => push_escaped(bytes, out),
    }
}

fn push_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    for byte in bytes {
        out.push(*byte);
        if *byte == ESCAPE {
            out.push(ESCAPED);
        }
    }
    out.extend_from_slice(&[ESCAPE, END]);
}

fn push_clustering(table: &'static Table, values: &[Value], out: &mut Vec<u8>) {
    for ((_, order), value) in table.clustering.iter().zip(values) {
        let start = out.len();
        push(value, out);
        if *order == Order::Descending {
            for byte in &mut out[start..] {
                *byte = !*byte;
            }
        }
    }
}

/// The bytes of a partition's columns.
pub(crate) fn partition(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ROOM);
    for value in values {
        push(value, &mut out);
    }
    out
}

/// The bytes of a key that fits the table.
pub(crate) fn encode(table: &'static Table, key: &Key) -> Vec<u8> {
    let mut out = partition(&key.partition);
    push_clustering(table, &key.clustering, &mut out);
    out
}

/// The first key that does not begin with these bytes and comes after all that do; none when there
/// is no such key.
fn after(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}

/// The keys of a part of a partition: from the first (included) to the second (excluded; none: to
/// the end of the table). The first may lie behind the second, then there are none.
pub(crate) fn range(
    table: &'static Table,
    of: &[Value],
    from: &Bound<Vec<Value>>,
    to: &Bound<Vec<Value>>,
) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let whole = partition(of);
    let with = |values: &[Value]| {
        let mut bytes = whole.clone();
        push_clustering(table, values, &mut bytes);
        bytes
    };
    let start = match from {
        Bound::Unbounded => whole.clone(),
        Bound::Included(values) => with(values),
        Bound::Excluded(values) => after(with(values))?,
    };
    let end = match to {
        Bound::Unbounded => after(whole),
        Bound::Included(values) => after(with(values)),
        Bound::Excluded(values) => Some(with(values)),
    };
    if end.as_ref().is_some_and(|end| start >= *end) {
        return None;
    }
    Some((start, end))
}

/// Reads the clustering columns of a key of a partition whose columns take `skip` bytes.
pub(crate) fn clustering(
    table: &'static Table,
    bytes: &[u8],
    skip: usize,
) -> Result<Vec<Value>, BadKey> {
    let mut rest = bytes.get(skip..).unwrap_or_default();
    let mut values = Vec::with_capacity(table.clustering.len());
    for (column, order) in table.clustering {
        let invert = if *order == Order::Descending { u8::MAX } else { 0 };
        values.push(take(column.ty, invert, &mut rest)?);
    }
    if let (false, Some((column, _))) = (rest.is_empty(), table.clustering.last()) {
        return Err(BadKey(column.ty));
    }
    Ok(values)
}

fn take(ty: ColumnType, invert: u8, rest: &mut &[u8]) -> Result<Value, BadKey> {
    let bad = BadKey(ty);
    match ty {
        ColumnType::Bool => {
            let (byte, after) = rest.split_first().ok_or(bad)?;
            *rest = after;
            Ok(Value::Bool(byte ^ invert != 0))
        }
        ColumnType::U64 => {
            let (bytes, after) = rest.split_first_chunk::<8>().ok_or(bad)?;
            *rest = after;
            Ok(Value::U64(u64::from_be_bytes(bytes.map(|byte| byte ^ invert))))
        }
        ColumnType::Text => {
            let text = String::from_utf8(take_escaped(invert, rest).ok_or(bad)?);
            text.map(|text| Value::Text(Arc::from(text))).map_err(|_| BadKey(ty))
        }
        ColumnType::Bytes => {
            take_escaped(invert, rest).map(|bytes| Value::Bytes(Bytes::from(bytes))).ok_or(bad)
        }
    }
}

fn take_escaped(invert: u8, rest: &mut &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        let byte = rest.get(at)? ^ invert;
        at += 1;
        if byte != ESCAPE {
            out.push(byte);
            continue;
        }
        match rest.get(at)? ^ invert {
            ESCAPED => out.push(ESCAPE),
            END => {
                *rest = &rest[at + 1..];
                return Some(out);
            }
            _ => return None,
        }
        at += 1;
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
