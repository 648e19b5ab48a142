//! The tables of the suite: every column type, several clustering columns, every order.

use caffis_core::ports::store::{Column, ColumnType, Order, Table};

const fn column(name: &'static str, ty: ColumnType) -> Column {
    Column { name, ty }
}

const VALUES: &[Column] = &[
    column("flag", ColumnType::Bool),
    column("number", ColumnType::U64),
    column("words", ColumnType::Text),
    column("data", ColumnType::Bytes),
];

/// No clustering columns.
pub static PLAIN: Table = Table {
    name: "suite_plain",
    partition: &[column("id", ColumnType::Text)],
    clustering: &[],
    values: VALUES,
};

/// One number, newest first: the shape of a timeline.
pub static NEWEST: Table = Table {
    name: "suite_newest",
    partition: &[column("room", ColumnType::U64), column("bucket", ColumnType::U64)],
    clustering: &[(column("position", ColumnType::U64), Order::Descending)],
    values: VALUES,
};

/// Every type in the partition and in the clustering, all ascending.
pub static RISING: Table = Table {
    name: "suite_rising",
    partition: &[
        column("p_flag", ColumnType::Bool),
        column("p_data", ColumnType::Bytes),
        column("p_words", ColumnType::Text),
    ],
    clustering: &[
        (column("c_words", ColumnType::Text), Order::Ascending),
        (column("c_data", ColumnType::Bytes), Order::Ascending),
        (column("c_number", ColumnType::U64), Order::Ascending),
        (column("c_flag", ColumnType::Bool), Order::Ascending),
    ],
    values: VALUES,
};

/// Orders mixed.
pub static MIXED: Table = Table {
    name: "suite_mixed",
    partition: &[column("id", ColumnType::U64)],
    clustering: &[
        (column("c_words", ColumnType::Text), Order::Descending),
        (column("c_number", ColumnType::U64), Order::Ascending),
        (column("c_data", ColumnType::Bytes), Order::Descending),
    ],
    values: VALUES,
};

/// For conditional writes only.
pub static CLAIMS: Table = Table {
    name: "suite_claims",
    partition: &[column("name", ColumnType::Text)],
    clustering: &[],
    values: &[column("owner", ColumnType::Text), column("epoch", ColumnType::U64)],
};

/// All tables of the suite, for stores that need to know them beforehand.
pub static TABLES: &[&Table] = &[&PLAIN, &NEWEST, &RISING, &MIXED, &CLAIMS];
