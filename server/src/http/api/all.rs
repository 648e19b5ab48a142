//! All operations: the only place that knows them.

use super::{
    changes, contexts, drafts, endpoints, entries, imports, invites, markers, marks, me, members,
    messages, operation::Operation, people, polls, reports, rooms, scheduled, search, threads,
    webhooks,
};

/// Everything that the API does.
static OPERATIONS: [&[Operation]; 20] = [
    rooms::OPERATIONS,
    contexts::OPERATIONS,
    members::OPERATIONS,
    invites::OPERATIONS,
    messages::OPERATIONS,
    changes::OPERATIONS,
    polls::OPERATIONS,
    threads::OPERATIONS,
    entries::OPERATIONS,
    markers::OPERATIONS,
    search::OPERATIONS,
    marks::OPERATIONS,
    drafts::OPERATIONS,
    scheduled::OPERATIONS,
    people::OPERATIONS,
    me::OPERATIONS,
    endpoints::OPERATIONS,
    webhooks::OPERATIONS,
    reports::OPERATIONS,
    imports::OPERATIONS,
];

/// Every operation.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.into_iter().flatten()
}
