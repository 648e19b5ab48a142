//! The typed tables: one small file for each, declared once.
//!
//! [`table!`](declare) turns a declaration into a struct, the [`Table`] that back ends build their schema
//! from, and the conversion between the two. Nothing else in core touches raw rows. To add a table,
//! write its file and list it in [`ALL`].

mod access;
mod activity;
mod buckets;
mod cards;
mod columns;
mod conditional;
mod contexts;
mod cursors;
mod declare;
mod drafts;
mod flags;
mod heads;
mod invites;
mod leases;
mod markers;
mod members;
mod mentions;
mod nodes;
mod nouns;
mod outgoing;
mod pages;
mod pins;
mod placements;
mod receipts;
mod relations;
mod reports;
mod revisions;
mod revocations;
mod revoked;
mod room_settings;
mod rooms;
#[cfg(test)]
mod round_trip;
mod scheduled;
mod search;
mod sent;
mod service_keys;
mod shards;
mod threads;
mod timeline;
mod user_rooms;
mod users;
mod votes;

pub use self::{
    access::{get, get_many, insert_if_absent, partition, read, scan},
    activity::ActivityRow,
    buckets::BucketRow,
    cards::CardRow,
    conditional::{Swapped, compare_and_set},
    contexts::ContextRow,
    cursors::CursorRow,
    declare::{ColumnValue, Record},
    drafts::{DraftRow, ThreadDraftRow},
    flags::FlagRow,
    heads::HeadRow,
    invites::{InvitesRow, RemovalRow},
    leases::LeaseRow,
    markers::MarkerRow,
    members::MemberRow,
    mentions::MentionRow,
    nodes::NodeRow,
    outgoing::{DeadLetterRow, EndpointRow, MadeEndpointRow, ProgressRow, RetryRow},
    pages::{from_the_end, whole},
    pins::PinsRow,
    placements::PlacementRow,
    receipts::ReceiptRow,
    relations::{ErasureRow, RelationRow},
    reports::{ReportIndexRow, ReportRow, ReportTaskRow},
    revisions::RevisionRow,
    revocations::RevocationRow,
    revoked::RevokedRow,
    room_settings::RoomSettingsRow,
    rooms::RoomRow,
    scheduled::{DueRow, ScheduledAnswerRow, ScheduledRow},
    search::{SearchBlockRow, SearchRebuildRow, SearchTermRow, SearchedRow},
    sent::SentRow,
    service_keys::{KeyUseRow, ServiceKeyRow},
    shards::ShardRow,
    threads::{ThreadMarkRow, ThreadReplyRow},
    timeline::TimelineRow,
    user_rooms::UserRoomRow,
    users::UserRow,
    votes::VoteRow,
};
pub(crate) use self::{
    declare::table, drafts::DRAFT_KEPT, mentions::MENTION_KEPT, receipts::RECEIPT_KEPT,
    reports::REPORT_KEPT, revoked::REVOKED_KEPT, threads::THREAD_MARK_KEPT,
};
use crate::ports::store::Table;

/// The version of the tables: one more with each change of a declaration, or of how a store writes it. Every
/// store keeps it, refuses a larger one, and brings tables of a smaller one to this or refuses them.
pub const VERSION: u32 = 28;

/// Every table: back ends create these.
pub static ALL: &[&Table] = &[
    ActivityRow::TABLE,
    BucketRow::TABLE,
    CardRow::TABLE,
    ContextRow::TABLE,
    CursorRow::TABLE,
    DeadLetterRow::TABLE,
    DraftRow::TABLE,
    DueRow::TABLE,
    EndpointRow::TABLE,
    ErasureRow::TABLE,
    FlagRow::TABLE,
    HeadRow::TABLE,
    InvitesRow::TABLE,
    KeyUseRow::TABLE,
    LeaseRow::TABLE,
    MadeEndpointRow::TABLE,
    MarkerRow::TABLE,
    MemberRow::TABLE,
    MentionRow::TABLE,
    NodeRow::TABLE,
    RetryRow::TABLE,
    PinsRow::TABLE,
    PlacementRow::TABLE,
    ReceiptRow::TABLE,
    RelationRow::TABLE,
    RemovalRow::TABLE,
    ReportIndexRow::TABLE,
    ReportRow::TABLE,
    ReportTaskRow::TABLE,
    RevisionRow::TABLE,
    RevocationRow::TABLE,
    RevokedRow::TABLE,
    RoomRow::TABLE,
    RoomSettingsRow::TABLE,
    ScheduledAnswerRow::TABLE,
    ScheduledRow::TABLE,
    SearchBlockRow::TABLE,
    SearchRebuildRow::TABLE,
    SearchTermRow::TABLE,
    SearchedRow::TABLE,
    SentRow::TABLE,
    ServiceKeyRow::TABLE,
    ShardRow::TABLE,
    ThreadDraftRow::TABLE,
    ThreadMarkRow::TABLE,
    ThreadReplyRow::TABLE,
    TimelineRow::TABLE,
    ProgressRow::TABLE,
    UserRoomRow::TABLE,
    UserRow::TABLE,
    VoteRow::TABLE,
];
