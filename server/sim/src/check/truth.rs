//! What became of a room, according to its log.

use std::collections::BTreeMap;

use caffis_schema::{
    Entry, EntryKind, Position, UserId,
    room::{HistoryPolicy, Message, Role},
};

/// A room according to its log.
pub(crate) struct Truth {
    pub(crate) entries: Vec<Entry>,
    /// The parts of the log in which people were members, from joining to leaving.
    pub(crate) spans: BTreeMap<UserId, Vec<Span>>,
    pub(crate) roles: BTreeMap<UserId, Role>,
    pub(crate) group: bool,
    pub(crate) messages: u64,
    pub(crate) history: HistoryPolicy,
}

#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Position,
    pub(crate) to: Position,
    /// The number of the last message before it.
    pub(crate) number: u64,
}

impl Truth {
    pub(crate) fn of(entries: Vec<Entry>, history: HistoryPolicy) -> Self {
        let (spans, roles) = Default::default();
        let mut truth =
            Self { entries: Vec::new(), spans, roles, group: false, messages: 0, history };
        for entry in entries {
            truth.take(&entry);
            truth.entries.push(entry);
        }
        truth
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.kind {
            EntryKind::Created(created) => {
                self.group = &*created.context.kind == "group";
                for user in &created.members {
                    let owner = self.group && created.by.as_ref() == Some(user);
                    self.join(user, entry.position);
                    if owner {
                        self.roles.insert(user.clone(), Role::Owner);
                    }
                }
            }
            EntryKind::Message(message) => self.messages = message.number.get(),
            EntryKind::Joined(joined) => {
                joined.users.iter().for_each(|user| self.join(user, entry.position));
            }
            EntryKind::Left(left) => {
                if let Some(span) = self.spans.get_mut(&left.user).and_then(|s| s.last_mut()) {
                    span.to = entry.position;
                }
                self.roles.remove(&left.user);
            }
            EntryKind::Role(change) => {
                self.roles.insert(change.user.clone(), change.role);
            }
            EntryKind::Edited(_)
            | EntryKind::Deleted(_)
            | EntryKind::Reacted(_)
            | EntryKind::Tallied(_)
            | EntryKind::Context(_)
            | EntryKind::Pinned(_)
            | EntryKind::Settings(_)
            | EntryKind::Info(_)
            | EntryKind::InviteMade(_)
            | EntryKind::InviteRevoked(_)
            | EntryKind::Unknown(_) => {}
        }
    }

    fn join(&mut self, user: &UserId, position: Position) {
        let span = Span { from: position, to: Position::MAX, number: self.messages };
        self.spans.entry(user.clone()).or_default().push(span);
        self.roles.insert(user.clone(), Role::Member);
    }

    /// The current span of a member.
    pub(crate) fn member(&self, user: &UserId) -> Option<&Span> {
        self.spans.get(user)?.last().filter(|span| span.to == Position::MAX)
    }

    /// The messages, with their entries.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (&Entry, &Message)> {
        self.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Message(message) => Some((entry, message)),
            _ => None,
        })
    }

    /// The message at a position.
    pub(crate) fn message(&self, position: Position) -> Option<(&Entry, &Message)> {
        let entry = self.entries.get(usize::try_from(position.get().checked_sub(1)?).ok()?)?;
        match &entry.kind {
            EntryKind::Message(message) => Some((entry, message)),
            _ => None,
        }
    }

    /// The number of the last of those messages of the past that follow a message without another one between: whoever
    /// had read that one when they were imported has read them.
    pub(crate) fn past_after(&self, number: u64) -> u64 {
        let later = self.messages().filter(|(_, message)| message.number.get() > number);
        let past = later.take_while(|(_, message)| message.imported().is_some());
        past.last().map_or(number, |(_, message)| message.number.get())
    }

    /// Whether a person was a member at a position.
    pub(crate) fn was_member(&self, user: &UserId, position: Position) -> bool {
        let spans = self.spans.get(user).into_iter().flatten();
        spans.into_iter().any(|span| span.from < position && position < span.to)
    }

    /// Whether a person sees this position now.
    pub(crate) fn sees(&self, user: &UserId, position: Position) -> bool {
        let all = self.history == HistoryPolicy::All;
        self.member(user)
            .is_some_and(|span| all || span.from == Position(1) || position >= span.from)
    }

    /// Whether a person was ever allowed to see this position.
    pub(crate) fn visible(&self, user: &UserId, position: Position) -> bool {
        let all = self.history == HistoryPolicy::All;
        self.spans.get(user).into_iter().flatten().any(|span| {
            position <= span.to && (all || span.from == Position(1) || position >= span.from)
        })
    }
}
