//! How numbers, texts, bytes and ids are stored.

use std::sync::Arc;

use bytes::Bytes;
use caffis_schema::{ClientId, MessageNumber, Position, ReplyNumber, RoomId, Timestamp, UserId};

use super::declare::ColumnValue;
use crate::ports::store::{ColumnType, Stamp, Value};

impl ColumnValue for u64 {
    const TYPE: ColumnType = ColumnType::U64;

    fn to_value(&self) -> Value {
        Value::U64(*self)
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::U64(number) = value { Some(number) } else { None }
    }
}

/// Numbers of their own types are stored as numbers.
macro_rules! number_column {
    ($($ty:ty),+) => { $(
        impl ColumnValue for $ty {
            const TYPE: ColumnType = ColumnType::U64;

            fn to_value(&self) -> Value {
                Value::U64(self.0)
            }

            fn from_value(value: Value) -> Option<Self> {
                u64::from_value(value).map(Self)
            }
        }
    )+ };
}

number_column!(MessageNumber, Position, ReplyNumber, Stamp, Timestamp);

impl ColumnValue for bool {
    const TYPE: ColumnType = ColumnType::Bool;

    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::Bool(truth) = value { Some(truth) } else { None }
    }
}

impl ColumnValue for Arc<str> {
    const TYPE: ColumnType = ColumnType::Text;

    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text) } else { None }
    }
}

impl ColumnValue for Bytes {
    const TYPE: ColumnType = ColumnType::Bytes;

    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes) } else { None }
    }
}

impl ColumnValue for UserId {
    const TYPE: ColumnType = ColumnType::Text;

    fn to_value(&self) -> Value {
        Value::Text(self.shared())
    }

    fn from_value(value: Value) -> Option<Self> {
        Self::new(&Arc::<str>::from_value(value)?).ok()
    }
}

impl ColumnValue for RoomId {
    const TYPE: ColumnType = ColumnType::U64;

    fn to_value(&self) -> Value {
        Value::U64(self.get())
    }

    fn from_value(value: Value) -> Option<Self> {
        Self::try_from(u64::from_value(value)?).ok()
    }
}

impl ColumnValue for ClientId {
    const TYPE: ColumnType = ColumnType::Bytes;

    fn to_value(&self) -> Value {
        Value::Bytes(Bytes::copy_from_slice(&self.0))
    }

    fn from_value(value: Value) -> Option<Self> {
        Some(Self(Bytes::from_value(value)?.as_ref().try_into().ok()?))
    }
}

impl<T: ColumnValue> ColumnValue for Option<T> {
    const TYPE: ColumnType = T::TYPE;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}
