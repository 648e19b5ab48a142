//! A row's values as bytes: a version, flags, when the row ends (milliseconds since 1970) if it
//! does, then each column with its tag. A row with fewer columns than the table has was written
//! before the table got them; they are null.

use std::sync::Arc;

use bytes::Bytes;
use caffis_core::ports::store::{Table, Value};

const VERSION: u8 = 1;
const FLAG_EXPIRES: u8 = 1;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const NUMBER: u8 = 3;
const TEXT: u8 = 4;
const BYTES: u8 = 5;

/// The most bytes that a number takes.
const VARINT_BYTES: usize = 10;

/// The bytes of a row.
pub(crate) fn encode(values: &[Value], expires: Option<u64>) -> Vec<u8> {
    let size: usize = values.iter().map(|v| 4 + caffis_core::ports::check::size(v)).sum();
    let mut out = Vec::with_capacity(size + 10);
    out.push(VERSION);
    match expires {
        None => out.push(0),
        Some(expires) => {
            out.push(FLAG_EXPIRES);
            out.extend_from_slice(&expires.to_be_bytes());
        }
    }
    for value in values {
        match value {
            Value::Null => out.push(NULL),
            Value::Bool(false) => out.push(FALSE),
            Value::Bool(true) => out.push(TRUE),
            Value::U64(number) => {
                out.push(NUMBER);
                push_varint(*number, &mut out);
            }
            Value::Text(text) => push_bytes(TEXT, text.as_bytes(), &mut out),
            Value::Bytes(bytes) => push_bytes(BYTES, bytes, &mut out),
        }
    }
    out
}

fn push_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    push_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn push_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes the head of a row: when it ends, and its columns.
fn head(bytes: &[u8]) -> Result<(Option<u64>, &[u8]), String> {
    match bytes {
        [VERSION, 0, rest @ ..] => Ok((None, rest)),
        [VERSION, FLAG_EXPIRES, rest @ ..] => {
            let (expires, rest) = rest.split_first_chunk::<8>().ok_or("it is cut short")?;
            Ok((Some(u64::from_be_bytes(*expires)), rest))
        }
        [VERSION, flags, ..] => Err(format!("its flags are {flags}")),
        [version, ..] => Err(format!("its version is {version}")),
        [] => Err("it is empty".into()),
    }
}

/// When a row ends; none when it stays or cannot be read.
pub(crate) fn expires(bytes: &[u8]) -> Option<u64> {
    head(bytes).ok()?.0
}

/// Reads a row's values; none when its time is over.
pub(crate) fn decode(
    table: &'static Table,
    bytes: &[u8],
    now: u64,
) -> Result<Option<Vec<Value>>, String> {
    let (expires, mut rest) = head(bytes)?;
    if expires.is_some_and(|expires| now >= expires) {
        return Ok(None);
    }
    let mut values = Vec::with_capacity(table.values.len());
    while let Some((tag, after)) = rest.split_first() {
        rest = after;
        values.push(match *tag {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            NUMBER => Value::U64(take_varint(&mut rest)?),
            TEXT => {
                let text = std::str::from_utf8(take_bytes(&mut rest)?);
                Value::Text(Arc::from(text.map_err(|_| "a text is not UTF-8")?))
            }
            BYTES => Value::Bytes(Bytes::copy_from_slice(take_bytes(&mut rest)?)),
            other => return Err(format!("a column has the tag {other}")),
        });
    }
    if values.len() > table.values.len() {
        return Err(format!("it has {} columns, not {}", values.len(), table.values.len()));
    }
    values.resize(table.values.len(), Value::Null);
    Ok(Some(values))
}

fn take_varint(rest: &mut &[u8]) -> Result<u64, String> {
    let mut number = 0u64;
    for at in 0..VARINT_BYTES {
        let byte = *rest.get(at).ok_or("a number is cut short")?;
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *rest = &rest[at + 1..];
            return Ok(number);
        }
    }
    Err("a number is too long".into())
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let length = usize::try_from(take_varint(rest)?).map_err(|_| "a length is too large")?;
    let bytes = rest.get(..length).ok_or("a column is cut short")?;
    *rest = &rest[length..];
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use caffis_core::ports::store::{Column, ColumnType};
    use proptest::prelude::*;

    use super::*;

    static TABLE: Table = Table {
        name: "t",
        partition: &[],
        clustering: &[],
        values: &[
            Column { name: "a", ty: ColumnType::Text },
            Column { name: "b", ty: ColumnType::U64 },
            Column { name: "c", ty: ColumnType::Bytes },
            Column { name: "d", ty: ColumnType::Bool },
        ],
    };

    proptest! {
        #[test]
        fn values_come_back(
            text in any::<String>(), number in any::<u64>(), bytes in any::<Vec<u8>>(),
            flag in any::<Option<bool>>(), expires in any::<Option<u64>>(), now in any::<u64>(),
        ) {
            let values = vec![
                Value::Text(Arc::from(text)),
                Value::U64(number),
                Value::Bytes(Bytes::from(bytes)),
                flag.map_or(Value::Null, Value::Bool),
            ];
            let row = encode(&values, expires);
            prop_assert_eq!(super::expires(&row), expires);
            let alive = expires.is_none_or(|expires| now < expires);
            prop_assert_eq!(decode(&TABLE, &row, now), Ok(alive.then_some(values)));
        }

        #[test]
        fn broken_rows_do_not_panic(bytes in any::<Vec<u8>>(), tail in any::<Vec<u8>>()) {
            let _ = decode(&TABLE, &bytes, 0);
            let _ = decode(&TABLE, &[&[VERSION, 0], &tail[..]].concat(), 0);
        }
    }

    #[test]
    fn a_new_column_is_null_in_old_rows() {
        let row = encode(&[Value::Null, Value::U64(7)], None);
        let values = vec![Value::Null, Value::U64(7), Value::Null, Value::Null];
        assert_eq!(decode(&TABLE, &row, 0), Ok(Some(values)));
        assert!(decode(&TABLE, &encode(&[const { Value::Null }; 5], None), 0).is_err());
    }
}
