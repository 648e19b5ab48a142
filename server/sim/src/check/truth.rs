//! What became of a room, according to its log.

use std::collections::BTreeMap;

use caffis_schema::{
    Entry, EntryKind, Position, UserId,
    room::{HistoryPolicy, Message, Role, RoomClass},
};

/// A room according to its log.
pub(crate) struct Truth {
    pub(crate) entries: Vec<Entry>,
    /// The parts of the log in which people were members, from joining to leaving.
    pub(crate) spans: BTreeMap<UserId, Vec<Span>>,
    pub(crate) roles: BTreeMap<UserId, Role>,
    pub(crate) group: bool,
    pub(crate) class: RoomClass,
    pub(crate) messages: u64,
    /// What those see who join from now on.
    history: HistoryPolicy,
    /// Where the messages are, the last one at the end.
    positions: Vec<Position>,
    /// What the log says against itself, in words.
    pub(crate) wrong: Vec<String>,
}

#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Position,
    pub(crate) to: Position,
    /// They see what is after this position.
    after: Position,
    /// The number of the last message before it.
    pub(crate) number: u64,
}

impl Truth {
    pub(crate) fn of(entries: Vec<Entry>, history: HistoryPolicy) -> Self {
        let (spans, roles, positions, wrong) = Default::default();
        let mut truth = Self {
            entries: Vec::new(),
            spans,
            roles,
            group: false,
            class: RoomClass::Social,
            messages: 0,
            history,
            positions,
            wrong,
        };
        for entry in entries {
            truth.take(&entry);
            truth.entries.push(entry);
        }
        truth
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.kind {
            EntryKind::Created(created) => {
                self.class = created.class;
                self.group = &*created.context.kind == "group";
                for user in &created.members {
                    let owner = self.group && created.by.as_ref() == Some(user);
                    self.join(user, entry.position, Position::ZERO);
                    if owner {
                        self.roles.insert(user.clone(), Role::Owner);
                    }
                }
            }
            EntryKind::Message(message) => {
                self.messages = message.number.get();
                self.positions.push(entry.position);
            }
            EntryKind::Joined(joined) => {
                let (after, at) = (joined.visible_after, entry.position);
                let expected = self.visible_to_new(at);
                if after != expected {
                    let what = format!("who joins at {at} sees what is after {after}");
                    self.wrong.push(format!("{what}, and not after {expected}"));
                }
                joined.users.iter().for_each(|user| self.join(user, at, after));
            }
            EntryKind::Info(change) => self.history = change.info.history,
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
            | EntryKind::InviteMade(_)
            | EntryKind::InviteRevoked(_)
            | EntryKind::Unknown(_) => {}
        }
    }

    /// Whoever joins at a position sees what is after this one.
    fn visible_to_new(&self, at: Position) -> Position {
        match self.history {
            HistoryPolicy::All => Position::ZERO,
            HistoryPolicy::FromJoining => at.back(1),
            HistoryPolicy::Last(count) => {
                let over = self.positions.len().saturating_sub(count as usize);
                self.positions.get(over).map_or(at.back(1), |position| position.back(1))
            }
        }
    }

    fn join(&mut self, user: &UserId, position: Position, after: Position) {
        let span = Span { from: position, to: Position::MAX, after, number: self.messages };
        self.spans.entry(user.clone()).or_default().push(span);
        self.roles.insert(user.clone(), Role::Member);
    }

    /// Whether people walk in and out, and nobody is a member.
    pub(crate) fn is_public(&self) -> bool {
        self.class == RoomClass::Public
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
        self.member(user).is_some_and(|span| position > span.after)
    }

    /// Whether a person was ever allowed to see this position.
    pub(crate) fn visible(&self, user: &UserId, position: Position) -> bool {
        let spans = self.spans.get(user).into_iter().flatten();
        let seen = spans.into_iter().any(|span| span.after < position && position <= span.to);
        seen || self.is_public()
    }
}
