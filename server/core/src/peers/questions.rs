//! What nodes ask the owner of a room, and its answers.

use std::{ops::Bound, sync::Arc};

use caffis_schema::{
    Command, Entry, Error, MessageNumber, Position, Reply, RoomId, Text, Timestamp, UserId,
    command::{Cursor, History},
    endpoints::{EndpointState, Redriven, WEBHOOK_BODY_BYTES},
    hooks::HookAnswer,
    imports::ImportMessage,
    placement::{Placed, SetPlacement},
    reply::{EntryPage, Resumed},
    room::{Card, Preview, RoomClass, RoomSummary},
};
use serde::{Deserialize, Serialize};

use crate::{
    hub::{elsewhere::There, recaps::Recap},
    model::{
        caller::Rights,
        delivery::Delivery,
        room::{Bucket, Membership, RoomMeta, RoomState},
        webhooks::DeadLetterFilter,
    },
    ports::bus::NodeId,
    room::RoomPlan,
};

/// Members in one answer: some 400 KB of the longest ids.
pub(crate) const MEMBERS_PER_ANSWER: usize = 4_096;

/// Who gives a command on another node, as that node knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asker {
    /// The node to which they are connected.
    pub(crate) node: NodeId,
    pub(crate) user: UserId,
    pub(crate) service: Option<Rights>,
    /// They have the room open there.
    pub(crate) attending: bool,
    /// They may know of the room, as far as their node knows.
    pub(crate) known: bool,
    /// About how many bytes of entries go into one answer.
    pub(crate) page_bytes: u32,
}

/// A question to a room's owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "they are made and used at once, one by one")]
pub(crate) enum Question {
    /// Commands that change one room, in the order in which they were given, for its owner of an epoch: what
    /// was sent to one owner is not for the next, which does not know what that one refused.
    Change(RoomId, u64, Vec<(Asker, Command)>),
    /// A command that reads a room or moves a marker.
    Call(Asker, Command),
    /// A page of a room's history.
    Page(Asker, History),
    /// What a room is, made from its plan first if there is one; of which class the caller expects it.
    Ensure(Asker, RoomId, Option<Box<RoomPlan>>, Option<RoomClass>),
    /// What a person's list shows of some rooms.
    Summaries(Asker, Vec<RoomId>, Option<String>),
    /// Catch up with some rooms.
    Resume(Asker, Vec<Cursor>, u32),
    /// The state of a room and its last entries, after a position, for a view.
    State(RoomId, Position),
    /// The entries of a room after a position, for a view.
    Entries(RoomId, Position),
    /// Members of a room, after one of them in the order of ids: those for which [`Question::State`] had no
    /// place.
    Members(RoomId, UserId),
    /// Who is connected to the node, after one of them in the order of ids.
    People(Option<UserId>),
    /// A recap of the node, by its number.
    Recap(u64),
    /// Where some rooms stand. Rooms that are out of memory are looked up only if that is asked for.
    Standings(Vec<RoomId>, bool),
    /// Whether the node takes a shard as soon as the one that asks has given it up.
    Take(u64),
    /// A webhook, for the owner of the place of what it is about.
    Hook(Box<Delivery>),
    /// Something about webhooks to other services.
    Webhooks(WebhookQuestion),
    /// What came by POST for a connection of the node.
    Post(Vec<u8>),
    /// Messages of the past, for a room's owner, by a service of this name that may import.
    Import(UserId, RoomId, Vec<ImportMessage>),
    /// That a person puts a room elsewhere in their list, for the room's owner, which tells nobody.
    Place(Asker, SetPlacement),
}

/// What is asked about webhooks to other services.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum WebhookQuestion {
    /// What becomes of those of the node.
    States,
    /// That dead letters of the node's shards are sent again; with the room, if it is about one.
    Redrive(Option<RoomId>, DeadLetterFilter),
    /// The body that a dead letter would have now; with its room.
    Body(RoomId, String),
}

/// A question as it is sent: every copy of it has the same number, among those of the node that asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Numbered<Q> {
    pub(crate) number: u64,
    pub(crate) question: Q,
}

impl Question {
    /// Whether it may change something.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Change(..)
            | Self::Ensure(..)
            | Self::Hook(_)
            | Self::Post(_)
            | Self::Import(..)
            | Self::Place(..)
            | Self::Webhooks(WebhookQuestion::Redrive(..)) => true,
            Self::Call(_, command) => matches!(
                command,
                Command::MarkRead(_)
                    | Command::MarkDelivered(_)
                    | Command::MarkUnread(_)
                    | Command::Mute(_)
                    | Command::Star(_)
                    | Command::FollowThread(_)
                    | Command::MarkThreadRead(_)
                    | Command::Report(_)
            ),
            _ => false,
        }
    }

    /// A room that the question is about, whose owner can answer it. None if any node can.
    pub(super) fn room(&self) -> Option<RoomId> {
        match self {
            Self::Change(room, ..)
            | Self::Ensure(_, room, ..)
            | Self::State(room, _)
            | Self::Import(_, room, _)
            | Self::Members(room, _)
            | Self::Entries(room, _) => Some(*room),
            Self::Page(_, command) => Some(command.room),
            Self::Place(_, command) => Some(command.room),
            Self::Call(_, Command::Open(open)) => Some(open.room),
            Self::Call(_, command) => command.room(),
            Self::Summaries(_, rooms, _) | Self::Standings(rooms, _) => rooms.first().copied(),
            Self::Resume(_, cursors, _) => cursors.first().map(|cursor| cursor.room),
            Self::Hook(delivery) => Some(delivery.place()),
            Self::Webhooks(WebhookQuestion::Redrive(room, _)) => *room,
            Self::Webhooks(WebhookQuestion::Body(room, _)) => Some(*room),
            Self::Webhooks(WebhookQuestion::States) => None,
            Self::People(_) | Self::Recap(_) | Self::Take(_) | Self::Post(_) => None,
        }
    }
}

/// The answer to a question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Answered {
    /// To commands, in their order.
    Calls(Vec<Result<Reply, Error>>),
    /// To a page.
    Page(Result<Paged, Error>),
    /// To summaries: none for rooms that the person's list leaves out.
    Summaries(Vec<Result<Option<RoomSummary>, Error>>),
    /// To cursors, in their order.
    Resumed(Vec<Resumed>),
    /// To a room's state.
    State(Result<Box<Snapshot>, Error>),
    /// To members: [`MEMBERS_PER_ANSWER`] of them, fewer at the end.
    Members(Result<Vec<(UserId, Membership)>, Error>),
    /// To entries: those that follow, without a gap, as many as fit.
    Entries(Result<Vec<Entry>, Error>),
    /// To who is connected: a page, empty at the end, and how many edges were told before.
    People(Vec<(UserId, There)>, u64),
    /// To a recap: none when it is not kept any more.
    Recap(Option<Recap>),
    /// To standings: none for rooms of which nothing is known now.
    Standings(Vec<Option<RoomStanding>>),
    /// To a question that the node does not know.
    NotUnderstood,
    /// It takes the shard.
    Takes,
    /// To a webhook.
    Hook(Result<HookAnswer, Error>),
    /// To what becomes of webhooks.
    EndpointStates(Vec<EndpointState>),
    /// To dead letters that are sent again.
    Redriven(Result<Redriven, Error>),
    /// To the body of a dead letter: none if what happened is not kept any more.
    DeadLetterBody(Result<Option<Text<WEBHOOK_BODY_BYTES>>, Error>),
    /// To a POST.
    Posted(Result<(), Error>),
    /// To messages of the past, in their order: whether each is new.
    Imported(Vec<Result<bool, Error>>),
    /// To where a person puts a room: where it is now.
    Placed(Result<Placed, Error>),
}

/// A page of a room's history, or where it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Paged {
    /// The owner has all of it in memory.
    Whole(EntryPage),
    /// It is in the store, where every node can read it.
    Settled(Settled),
}

/// Buckets of a room's log on each side of the one that was asked for that are told at most.
const BUCKETS_TOLD: usize = 32;

/// Where older entries of a room are, for somebody who may read them. They do not move any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settled {
    /// The room's last position.
    pub(crate) head: Position,
    /// The caller sees what comes after this position.
    pub(crate) floor: Position,
    /// Buckets that follow each other.
    pub(crate) buckets: Vec<Bucket>,
    /// The last position in them.
    pub(crate) last: Position,
}

impl Settled {
    /// Where the entries around a position are.
    pub(crate) fn around(state: &RoomState, floor: Position, position: Position) -> Self {
        let at = state.buckets.partition_point(|bucket| bucket.first <= position).max(1) - 1;
        let (from, to) = (at.saturating_sub(BUCKETS_TOLD), at + BUCKETS_TOLD + 1);
        let following = state.buckets.get(to).map(|bucket| bucket.first.back(1));
        Self {
            head: state.head,
            floor,
            buckets: state.buckets.iter().take(to).skip(from).copied().collect(),
            last: following.unwrap_or(state.head),
        }
    }
}

/// Where a room stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct RoomStanding {
    /// Its last position.
    pub(crate) head: Position,
    /// When it was last active.
    pub(crate) active: Timestamp,
}

/// Members of a room, after one of them in the order of ids, as many as fit one answer.
pub(crate) fn members_after(
    state: &RoomState,
    after: Option<&UserId>,
) -> Vec<(UserId, Membership)> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let members = state.members.range::<UserId, _>((from, Bound::Unbounded));
    members.take(MEMBERS_PER_ANSWER).map(|(user, member)| (user.clone(), *member)).collect()
}

/// A room's state without the places of its log, which only its owner reads, and with as many members as
/// fit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    meta: RoomMeta,
    members: Vec<(UserId, Membership)>,
    head: Position,
    number: MessageNumber,
    time: Timestamp,
    preview: Option<Preview>,
    last_messages: Vec<Position>,
    entries: Vec<Entry>,
    card: Option<Card>,
}

impl Snapshot {
    /// The state, and the last entries before it.
    pub(crate) fn new(state: &RoomState, entries: &[Arc<Entry>]) -> Self {
        Self {
            entries: entries.iter().map(|entry| (**entry).clone()).collect(),
            meta: (*state.meta).clone(),
            members: members_after(state, None),
            head: state.head,
            number: state.number,
            time: state.time,
            preview: state.preview.as_deref().cloned(),
            last_messages: state.last_messages.iter().copied().collect(),
            card: state.card.as_deref().cloned(),
        }
    }

    /// The member after whom to ask for more; none if all are here.
    pub(crate) fn more_after(&self) -> Option<UserId> {
        let full = self.members.len() >= MEMBERS_PER_ANSWER;
        self.members.last().filter(|_| full).map(|(user, _)| user.clone())
    }

    /// Adds members that were asked for after the first ones. They may be of a later position: the entries
    /// in between are applied to them once more, which comes to the same.
    pub(crate) fn add(&mut self, members: Vec<(UserId, Membership)>) {
        self.members.extend(members);
    }

    /// The state again, and the last entries before it.
    pub(crate) fn open(self) -> (RoomState, Vec<Arc<Entry>>) {
        let snapshot = self;
        let mut state = RoomState::new(snapshot.meta);
        state.members = Arc::new(snapshot.members.into_iter().collect());
        state.head = snapshot.head;
        state.number = snapshot.number;
        state.time = snapshot.time;
        state.preview = snapshot.preview.map(Arc::new);
        state.last_messages = Arc::new(snapshot.last_messages.into());
        state.card = snapshot.card.map(Arc::new);
        (state, snapshot.entries.into_iter().map(Arc::new).collect())
    }
}
