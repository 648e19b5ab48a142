//! How a table is declared: [`table!`] makes a struct, the [`Table`], and the way between the two.

use crate::ports::store::{ColumnType, Row, Table, Value};

/// A Rust type that fits a column.
pub trait ColumnValue: Sized {
    /// The column's type.
    const TYPE: ColumnType;

    /// As a value.
    fn to_value(&self) -> Value;

    /// Back from a value; none if it is not a value of this type.
    fn from_value(value: Value) -> Option<Self>;
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
