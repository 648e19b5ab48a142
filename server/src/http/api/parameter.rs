//! The parameters in the query of an address.

use postcard_schema::schema::NamedType;

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A value of a type of the protocol.
    Type(&'static NamedType),
    /// 1 to 100.
    Limit,
}

/// A parameter in the query of an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) holds: Holds,
}

/// How many are wanted in a page.
pub(super) const LIMIT: Parameter =
    Parameter { name: "limit", about: "The most that come in one answer.", holds: Holds::Limit };
