//! All operations: the only place that knows them.

use super::{
    changes, contexts, entries, markers, members, messages, operation::Operation, people, reports,
    rooms, search, webhooks,
};

/// Everything that the API does.
static OPERATIONS: [&[Operation]; 11] = [
    rooms::OPERATIONS,
    contexts::OPERATIONS,
    members::OPERATIONS,
    messages::OPERATIONS,
    changes::OPERATIONS,
    entries::OPERATIONS,
    markers::OPERATIONS,
    search::OPERATIONS,
    people::OPERATIONS,
    webhooks::OPERATIONS,
    reports::OPERATIONS,
];

/// Every operation.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.into_iter().flatten()
}
