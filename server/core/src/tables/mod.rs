//! The typed tables: one small file for each, declared once.
//!
//! [`table!`] turns a declaration into a struct, the [`Table`] that back ends build their schema
//! from, and the conversion between the two. Nothing else in core touches raw rows. To add a table,
//! write its file and list it in [`ALL`].

mod activity;
mod buckets;
mod conditional;
mod contexts;
mod cursors;
mod heads;
mod leases;
mod markers;
mod members;
mod nodes;
mod nouns;
mod pages;
mod revocations;
mod revoked;
mod rooms;
#[cfg(test)]
mod round_trip;
mod sent;
mod shards;
mod timeline;
mod user_rooms;
mod users;

use std::{ops::Bound, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_schema::{ClientId, MessageNumber, Position, RoomId, Timestamp, UserId};

pub(crate) use self::revoked::REVOKED_KEPT;
pub use self::{
    activity::ActivityRow,
    buckets::BucketRow,
    conditional::{Swapped, compare_and_set},
    contexts::ContextRow,
    cursors::CursorRow,
    heads::HeadRow,
    leases::LeaseRow,
    markers::MarkerRow,
    members::MemberRow,
    nodes::NodeRow,
    pages::{from_the_end, whole},
    revocations::RevocationRow,
    revoked::RevokedRow,
    rooms::RoomRow,
    sent::SentRow,
    shards::ShardRow,
    timeline::TimelineRow,
    user_rooms::UserRoomRow,
    users::UserRow,
};
use crate::ports::store::{
    Batch, ColumnType, Key, MAX_GET_KEYS, Operation, Row, Scan, Stamp, Store, StoreError, Table,
    Value,
};

/// The version of the tables: one more with each change of a declaration, or of how a store writes it. Every
/// store keeps it, refuses a larger one, and brings tables of a smaller one to this or refuses them.
pub const VERSION: u32 = 7;

/// Every table: back ends create these.
pub static ALL: &[&Table] = &[
    ActivityRow::TABLE,
    BucketRow::TABLE,
    ContextRow::TABLE,
    CursorRow::TABLE,
    HeadRow::TABLE,
    LeaseRow::TABLE,
    MarkerRow::TABLE,
    MemberRow::TABLE,
    NodeRow::TABLE,
    RevocationRow::TABLE,
    RevokedRow::TABLE,
    RoomRow::TABLE,
    SentRow::TABLE,
    ShardRow::TABLE,
    TimelineRow::TABLE,
    UserRoomRow::TABLE,
    UserRow::TABLE,
];

/// A Rust type that fits a column.
pub trait ColumnValue: Sized {
    /// The column's type.
    const TYPE: ColumnType;

    /// As a value.
    fn to_value(&self) -> Value;

    /// Back from a value; none if it is not a value of this type.
    fn from_value(value: Value) -> Option<Self>;
}

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

number_column!(MessageNumber, Position, Stamp, Timestamp);

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

/// A row of a declared table, as a struct.
pub trait Record: Sized + Send {
    /// The table.
    const TABLE: &'static Table;

    /// As a raw row.
    fn to_row(&self) -> Row;

    /// Back from a raw row; none if a value does not fit its column.
    fn from_row(row: Row) -> Option<Self>;
}

/// Declares a table and its record. `asc` and `desc` give the order of clustering columns.
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub struct $record:ident in $name:literal {
            partition { $( $(#[$p_meta:meta])* $p:ident: $p_ty:ty, )+ }
            clustering { $( $(#[$c_meta:meta])* $order:ident $c:ident: $c_ty:ty, )* }
            values { $( $(#[$v_meta:meta])* $v:ident: $v_ty:ty, )* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $record {
            $( $(#[$p_meta])* pub $p: $p_ty, )+
            $( $(#[$c_meta])* pub $c: $c_ty, )*
            $( $(#[$v_meta])* pub $v: $v_ty, )*
        }

        impl $record {
            /// The table's declaration.
            pub const TABLE: &'static $crate::ports::store::Table = &$crate::ports::store::Table {
                name: $name,
                partition: &[ $( $crate::tables::table!(@column $p: $p_ty), )+ ],
                clustering: &[ $( (
                    $crate::tables::table!(@column $c: $c_ty),
                    $crate::tables::table!(@order $order),
                ), )* ],
                values: &[ $( $crate::tables::table!(@column $v: $v_ty), )* ],
            };

            /// The partition with these columns.
            #[must_use]
            pub fn partition($( $p: &$p_ty ),+) -> Vec<$crate::ports::store::Value> {
                use $crate::tables::ColumnValue as _;
                vec![ $( $p.to_value() ),+ ]
            }

            /// The full key with these columns.
            #[must_use]
            pub fn key($( $p: &$p_ty, )+ $( $c: &$c_ty, )*) -> $crate::ports::store::Key {
                #[allow(unused_imports)]
                use $crate::tables::ColumnValue as _;
                $crate::ports::store::Key {
                    partition: Self::partition($( $p ),+),
                    clustering: vec![ $( $c.to_value() ),* ],
                }
            }
        }

        impl $crate::tables::Record for $record {
            const TABLE: &'static $crate::ports::store::Table = Self::TABLE;

            fn to_row(&self) -> $crate::ports::store::Row {
                #[allow(unused_imports)]
                use $crate::tables::ColumnValue as _;
                $crate::ports::store::Row {
                    key: Self::key($( &self.$p, )+ $( &self.$c, )*),
                    values: vec![ $( self.$v.to_value() ),* ],
                }
            }

            fn from_row(row: $crate::ports::store::Row) -> Option<Self> {
                use $crate::tables::ColumnValue;
                let mut partition = row.key.partition.into_iter();
                #[allow(unused_mut, unused_variables)]
                let mut clustering = row.key.clustering.into_iter();
                #[allow(unused_mut, unused_variables)]
                let mut values = row.values.into_iter();
                Some(Self {
                    $( $p: ColumnValue::from_value(partition.next()?)?, )+
                    $( $c: ColumnValue::from_value(clustering.next()?)?, )*
                    $( $v: ColumnValue::from_value(values.next()?)?, )*
                })
            }
        }
    };
    (@column $column:ident: $ty:ty) => {
        $crate::ports::store::Column {
            name: stringify!($column),
            ty: <$ty as $crate::tables::ColumnValue>::TYPE,
        }
    };
    (@order asc) => { $crate::ports::store::Order::Ascending };
    (@order desc) => { $crate::ports::store::Order::Descending };
}

pub(crate) use table;

fn decode<R: Record>(row: Row) -> Result<R, StoreError> {
    R::from_row(row).ok_or(StoreError::Corrupt {
        table: R::TABLE.name,
        reason: "a value does not fit its column".to_owned(),
    })
}

/// Reads one record.
///
/// # Errors
/// What the store says, and [`StoreError::Corrupt`] for a row that is not a record.
pub async fn get<R: Record>(store: &dyn Store, key: Key) -> Result<Option<R>, StoreError> {
    store.get(R::TABLE, &key).await?.map(decode).transpose()
}

/// Reads many records, each at the place of its key, however many there are.
///
/// # Errors
/// As [`get`].
pub async fn get_many<R: Record>(
    store: &dyn Store,
    keys: &[Key],
) -> Result<Vec<Option<R>>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for keys in keys.chunks(MAX_GET_KEYS) {
        for row in store.get_many(R::TABLE, keys).await? {
            found.push(row.map(decode).transpose()?);
        }
    }
    Ok(found)
}

/// Reads a part of a partition; the bounds are as in [`Scan`].
///
/// # Errors
/// What the store says, and [`StoreError::Corrupt`] for a row that is not a record.
pub async fn scan<R: Record>(
    store: &dyn Store,
    partition: Vec<Value>,
    from: Bound<Vec<Value>>,
    to: Bound<Vec<Value>>,
    limit: usize,
) -> Result<Vec<R>, StoreError> {
    read(store, Scan { table: R::TABLE, partition, from, to, reverse: false, limit }).await
}

/// Reads the records that a scan finds.
///
/// # Errors
/// As [`scan`].
pub async fn read<R: Record>(store: &dyn Store, scan: Scan) -> Result<Vec<R>, StoreError> {
    store.scan(scan).await?.into_iter().map(decode).collect()
}

/// Reads a partition from its beginning.
///
/// # Errors
/// As [`scan`].
pub async fn partition<R: Record>(
    store: &dyn Store,
    partition: Vec<Value>,
    limit: usize,
) -> Result<Vec<R>, StoreError> {
    scan(store, partition, Bound::Unbounded, Bound::Unbounded, limit).await
}

/// Claims a unique record: returns none if it was written, else the one that is already there.
///
/// # Errors
/// What the store says, and [`StoreError::Corrupt`] for a row that is not a record.
pub async fn insert_if_absent<R: Record>(
    store: &dyn Store,
    record: &R,
) -> Result<Option<R>, StoreError> {
    store.insert_if_absent(R::TABLE, record.to_row()).await?.map(decode).transpose()
}

impl Batch {
    /// Adds a write of a record.
    pub fn put<R: Record>(&mut self, record: &R) {
        self.push(record, None, false);
    }

    /// Adds a write of a record that expires after a time.
    pub fn put_for<R: Record>(&mut self, record: &R, ttl: Duration) {
        self.push(record, Some(ttl), false);
    }

    /// Adds a write of a record whose row was never written before.
    pub fn put_fresh<R: Record>(&mut self, record: &R, ttl: Option<Duration>) {
        self.push(record, ttl, true);
    }

    fn push<R: Record>(&mut self, record: &R, ttl: Option<Duration>, fresh: bool) {
        let row = record.to_row();
        self.operations.push(Operation::Put { table: R::TABLE, row, ttl, fresh });
    }

    /// Adds a delete of a record.
    pub fn delete<R: Record>(&mut self, key: Key) {
        self.operations.push(Operation::Delete { table: R::TABLE, key });
    }
}
