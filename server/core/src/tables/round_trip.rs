//! Round trips of every table: a record reads back as it was written, fits the table's declaration, and
//! is refused if a column holds anything else.

use std::{fmt::Debug, sync::Arc};

use bytes::Bytes;
use caffis_schema::{
    ClientId, MessageNumber, Position, ReplyNumber, RoomId, Text, Timestamp, UserId,
    command::ReportReason,
    placement::Placement,
    room::{HistoryPolicy, Role, RoomClass},
};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    model::node::NodeId,
    ports::{
        check,
        store::{ColumnType, Stamp, Value},
    },
};

/// A type whose values can be stored in a column.
trait Any: Sized + Debug {
    fn any() -> BoxedStrategy<Self>;
}

fn text(most: usize) -> BoxedStrategy<String> {
    let cut = move |text: Vec<char>| {
        let text: String = text.into_iter().collect();
        text[..text.floor_char_boundary(most)].to_owned()
    };
    vec(any::<char>(), 0..40).prop_map(cut).boxed()
}

impl Any for u64 {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![Just(0), Just(u64::MAX >> 1), 0..u64::MAX >> 1].boxed()
    }
}

macro_rules! any_number {
    ($($number:ident),+) => {
        $(
            impl Any for $number {
                fn any() -> BoxedStrategy<Self> {
                    u64::any().prop_map($number).boxed()
                }
            }
        )+
    };
}

any_number!(MessageNumber, Position, ReplyNumber, Stamp, Timestamp);

impl Any for bool {
    fn any() -> BoxedStrategy<Self> {
        any::<bool>().boxed()
    }
}

impl Any for Arc<str> {
    fn any() -> BoxedStrategy<Self> {
        text(1_000).prop_map(Into::into).boxed()
    }
}

impl Any for Bytes {
    fn any() -> BoxedStrategy<Self> {
        vec(any::<u8>(), 0..100).prop_map(Into::into).boxed()
    }
}

impl Any for RoomId {
    fn any() -> BoxedStrategy<Self> {
        any::<u64>().prop_map(Self::from_random).boxed()
    }
}

impl Any for NodeId {
    fn any() -> BoxedStrategy<Self> {
        any::<u64>().prop_map(Self::from_random).boxed()
    }
}

impl Any for UserId {
    fn any() -> BoxedStrategy<Self> {
        text(64).prop_filter_map("an id", |text| Self::new(&text).ok()).boxed()
    }
}

impl Any for ClientId {
    fn any() -> BoxedStrategy<Self> {
        any::<[u8; 16]>().prop_map(Self).boxed()
    }
}

impl Any for Role {
    fn any() -> BoxedStrategy<Self> {
        prop::sample::select(Self::ALL.to_vec()).boxed()
    }
}

impl Any for Placement {
    fn any() -> BoxedStrategy<Self> {
        let all = [Self::Listed, Self::Pinned, Self::Archived, Self::Hidden];
        prop::sample::select(all.to_vec()).boxed()
    }
}

impl Any for RoomClass {
    fn any() -> BoxedStrategy<Self> {
        prop_oneof![Just(Self::Social), Just(Self::Public), Just(Self::Evidence)].boxed()
    }
}

impl Any for ReportReason {
    fn any() -> BoxedStrategy<Self> {
        prop::sample::select(vec![
            Self::Spam,
            Self::Harassment,
            Self::Hate,
            Self::Violence,
            Self::Sexual,
            Self::Scam,
            Self::Impersonation,
            Self::Other,
        ])
        .boxed()
    }
}

impl Any for HistoryPolicy {
    fn any() -> BoxedStrategy<Self> {
        let last = (1..=u32::MAX).prop_map(Self::Last);
        prop_oneof![Just(Self::All), Just(Self::FromJoining), last].boxed()
    }
}

impl<const N: usize> Any for Text<N> {
    fn any() -> BoxedStrategy<Self> {
        text(N).prop_map(|text| Self::cut(&text)).boxed()
    }
}

impl<T: Any + Clone + 'static> Any for Option<T> {
    fn any() -> BoxedStrategy<Self> {
        proptest::option::of(T::any()).boxed()
    }
}

/// A value that does not fit the column.
fn wrong(column: ColumnType) -> Value {
    if column == ColumnType::Bool { Value::U64(1) } else { Value::Bool(true) }
}

fn comes_back<R: Record + PartialEq + Debug>(record: &R) {
    let row = record.to_row();
    assert!(check::row(R::TABLE, &row).is_ok(), "{:?}", check::row(R::TABLE, &row));
    assert_eq!(R::from_row(row.clone()).as_ref(), Some(record));
    for (index, column) in R::TABLE.values.iter().enumerate() {
        let mut broken = row.clone();
        broken.values[index] = wrong(column.ty);
        assert!(R::from_row(broken).is_none(), "column {} takes anything", column.name);
    }
    let mut short = row;
    if short.values.pop().is_some() {
        assert!(R::from_row(short).is_none(), "a column is missing");
    }
}

/// Any values of some columns, each beside those of the ones after it: a table may have more columns than
/// a tuple of strategies.
macro_rules! any_of {
    ($last:ident) => { any_column(stringify!($last)) };
    ($first:ident, $($other:ident),+) => {
        (any_column(stringify!($first)), any_of!($($other),+))
    };
}

/// The pattern of what [`any_of`] makes.
macro_rules! nested {
    ($last:ident) => { $last };
    ($first:ident, $($other:ident),+) => { ($first, nested!($($other),+)) };
}

/// One test for each table.
macro_rules! round_trips {
    ($($test:ident: $record:ident { $($column:ident),+ $(,)? })+) => {
        $(
            proptest! {
                #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]
                #[test]
                fn $test(record in any_of!($($column),+).prop_map(
                    |nested!($($column),+)| $record { $($column),+ },
                )) {
                    comes_back(&record);
                }
            }
        )+

        #[test]
        fn every_table_has_a_test() {
            let mut tested = vec![$($record::TABLE.name),+];
            let mut all: Vec<_> = ALL.iter().map(|table| table.name).collect();
            tested.sort_unstable();
            all.sort_unstable();
            assert_eq!(tested, all);
        }
    };
}

/// Any value of a column; the column's type follows from the record.
fn any_column<T: Any>(_name: &str) -> BoxedStrategy<T> {
    T::any()
}

round_trips! {
    activity: ActivityRow { shard, hour, minute, room }
    buckets: BucketRow { room, epoch, number, first, opened, before_epoch, before_number }
    cards: CardRow { room, content }
    contexts: ContextRow { kind, id, room, plan }
    cursors: CursorRow { shard, reactor, minute }
    erasures: ErasureRow { day, room, requested }
    heads: HeadRow { room, position, number, time, sender, preview }
    key_uses: KeyUseRow { list, name, used }
    leases: LeaseRow { node, beat, fenced, leaving, reserved, address }
    made_endpoints: MadeEndpointRow {
        list, name, url, kinds, contexts, secret, former, former_until, created, changed, deleted
    }
    markers: MarkerRow { room, user, delivered, read, unread_from, muted_until }
    members: MemberRow { room, user, role, joined, joined_position, visible_after, unread_after }
    hook_dead_letters: DeadLetterRow { endpoint, shard, died, id, kind, room, position, attempts, reason }
    hook_endpoints: EndpointRow { endpoint, since }
    hook_retries: RetryRow { shard, endpoint, room, since, attempts, due }
    hook_progress: ProgressRow { room, endpoint, position }
    nodes: NodeRow { list, node, address }
    flags: FlagRow { user, kind, room, position, number, time }
    mentions: MentionRow { user, time, room, position, number }
    drafts: DraftRow { user, room, text, time }
    invites: InvitesRow { room, position, content }
    scheduled: ScheduledRow { user, room, id, due, failed, content }
    scheduled_due: DueRow { shard, due, room, user, id }
    scheduled_answers: ScheduledAnswerRow { user, client, digest, due }
    pins: PinsRow { room, position, content }
    removals: RemovalRow { room, user, by, time }
    placements: PlacementRow { user, room, placement, number }
    receipts: ReceiptRow { source, id, digest, answer }
    relations: RelationRow {
        user, other, blocks, blocks_version, blocked, blocked_version, left_version, was_left_version,
        changes
    }
    reports: ReportRow { room, position, reporter, time, sender, reason, text }
    reports_by_time: ReportIndexRow { shard, time, room, position, reporter }
    hook_reports: ReportTaskRow { shard, endpoint, time, room, position, reporter }
    revisions: RevisionRow { room, position, revision, time, content }
    revocations: RevocationRow { user, before }
    rooms: RoomRow { room, class, context_kind, context_id, name, creator, created, history, description, changed }
    room_settings: RoomSettingsRow { room, position, slow_mode_seconds, frozen, announcements }
    revoked: RevokedRow { minute, user, before }
    search_blocks: SearchBlockRow { room, bucket, term, seal, postings }
    search_rebuilds: SearchRebuildRow { list, rebuild, ordered }
    search_terms: SearchTermRow { room, bucket, term, time, position }
    searched_rooms: SearchedRow { shard, room, position, time, rules, rebuild }
    sent: SentRow { room, sender, day, client, position, number, time, made, digest }
    service_keys: ServiceKeyRow {
        list, name, rights, secret, created, former, former_until, expires, revoked
    }
    shards: ShardRow { group, shard, owner, epoch, released, floor }
    thread_drafts: ThreadDraftRow { user, room, root, text, time }
    thread_marks: ThreadMarkRow { user, time, room, root, kind, position, number }
    thread_replies: ThreadReplyRow { room, root, number, position }
    timeline: TimelineRow {
        room, epoch, bucket, position, time, append, by, digest, kind, number, sender, client,
        client_time, text, content, ballots
    }
    user_rooms: UserRoomRow { user, room, joined, peer }
    users: UserRow {
        user, part, name, picture, status, private_receipts, last_seen, version, deleted, locale,
        time_zone, quiet_start, quiet_end, roles, written
    }
    votes: VoteRow { room, position, user, choices }
}

#[test]
fn unknown_roles_classes_and_policies_are_nothing() {
    for number in [0, 6, 7, u64::MAX >> 1] {
        assert_eq!(Role::from_value(Value::U64(number)), None);
    }
    for name in ["", "Social", "secret"] {
        assert_eq!(RoomClass::from_value(Value::Text(name.into())), None);
        assert_eq!(Placement::from_value(Value::Text(name.into())), None);
    }
    let too_many = u64::from(u32::MAX) + 1;
    assert_eq!(HistoryPolicy::from_value(Value::U64(too_many)), None);
    assert_eq!(Text::<3>::from_value(Value::Text("four".into())), None);
}
