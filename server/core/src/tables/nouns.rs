//! How roles, classes, policies, texts and nodes are stored: the only place that knows these encodings. An
//! unknown value makes its row [`Corrupt`](crate::ports::store::StoreError::Corrupt); it is never taken
//! for another value.

use std::sync::Arc;

use caffis_schema::{
    Text,
    command::ReportReason,
    placement::Placement,
    room::{HistoryPolicy, Role, RoomClass},
};

use super::declare::ColumnValue;
use crate::{
    model::node::NodeId,
    ports::store::{ColumnType, Value},
};

/// 1 member, 2 admin, 3 owner, 4 moderator, 5 guest.
impl ColumnValue for Role {
    const TYPE: ColumnType = ColumnType::U64;

    fn to_value(&self) -> Value {
        Value::U64(match self {
            Self::Member => 1,
            Self::Admin => 2,
            Self::Owner => 3,
            Self::Moderator => 4,
            Self::Guest => 5,
        })
    }

    fn from_value(value: Value) -> Option<Self> {
        match u64::from_value(value)? {
            1 => Some(Self::Member),
            2 => Some(Self::Admin),
            3 => Some(Self::Owner),
            4 => Some(Self::Moderator),
            5 => Some(Self::Guest),
            _ => None,
        }
    }
}

/// `social`, `public` or `evidence`.
impl ColumnValue for RoomClass {
    const TYPE: ColumnType = ColumnType::Text;

    fn to_value(&self) -> Value {
        Value::Text(Arc::from(match self {
            Self::Social => "social",
            Self::Public => "public",
            Self::Evidence => "evidence",
        }))
    }

    fn from_value(value: Value) -> Option<Self> {
        match &*Arc::<str>::from_value(value)? {
            "social" => Some(Self::Social),
            "public" => Some(Self::Public),
            "evidence" => Some(Self::Evidence),
            _ => None,
        }
    }
}

/// Its word.
impl ColumnValue for Placement {
    const TYPE: ColumnType = ColumnType::Text;

    fn to_value(&self) -> Value {
        Value::Text(Arc::from(match self {
            Self::Listed => "listed",
            Self::Pinned => "pinned",
            Self::Archived => "archived",
            Self::Hidden => "hidden",
        }))
    }

    fn from_value(value: Value) -> Option<Self> {
        match &*Arc::<str>::from_value(value)? {
            "listed" => Some(Self::Listed),
            "pinned" => Some(Self::Pinned),
            "archived" => Some(Self::Archived),
            "hidden" => Some(Self::Hidden),
            _ => None,
        }
    }
}

/// How many of the messages from before their joining new members see; null: all of them.
impl ColumnValue for HistoryPolicy {
    const TYPE: ColumnType = ColumnType::U64;

    fn to_value(&self) -> Value {
        match self {
            Self::All => Value::Null,
            Self::FromJoining => Value::U64(0),
            Self::Last(count) => Value::U64(u64::from(*count)),
        }
    }

    fn from_value(value: Value) -> Option<Self> {
        Some(match Option::<u64>::from_value(value)? {
            None => Self::All,
            Some(0) => Self::FromJoining,
            Some(count) => Self::Last(u32::try_from(count).ok()?),
        })
    }
}

/// Its word.
impl ColumnValue for ReportReason {
    const TYPE: ColumnType = ColumnType::Text;

    fn to_value(&self) -> Value {
        Value::Text(Arc::from(match self {
            Self::Spam => "spam",
            Self::Harassment => "harassment",
            Self::Hate => "hate",
            Self::Violence => "violence",
            Self::Sexual => "sexual",
            Self::Scam => "scam",
            Self::Impersonation => "impersonation",
            Self::Other => "other",
        }))
    }

    fn from_value(value: Value) -> Option<Self> {
        match &*Arc::<str>::from_value(value)? {
            "spam" => Some(Self::Spam),
            "harassment" => Some(Self::Harassment),
            "hate" => Some(Self::Hate),
            "violence" => Some(Self::Violence),
            "sexual" => Some(Self::Sexual),
            "scam" => Some(Self::Scam),
            "impersonation" => Some(Self::Impersonation),
            "other" => Some(Self::Other),
            _ => None,
        }
    }
}

impl<const N: usize> ColumnValue for Text<N> {
    const TYPE: ColumnType = ColumnType::Text;

    fn to_value(&self) -> Value {
        Value::Text(self.as_str().into())
    }

    fn from_value(value: Value) -> Option<Self> {
        Self::new(&*Arc::<str>::from_value(value)?).ok()
    }
}

/// The text, so that a person can compare it with a log.
impl ColumnValue for NodeId {
    const TYPE: ColumnType = ColumnType::Text;

    fn to_value(&self) -> Value {
        Value::Text(self.to_string().into())
    }

    fn from_value(value: Value) -> Option<Self> {
        Arc::<str>::from_value(value)?.parse().ok()
    }
}
