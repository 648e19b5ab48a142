//! What a query may ask of a message besides its words.

/// What has to be true of a message besides its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Who wrote it: one of these.
    pub from: Vec<String>,
    /// The room: one that each of these names.
    pub rooms: Vec<String>,
    /// What it has: all of these.
    pub has: Vec<Kind>,
    /// It is of an earlier day.
    pub before: Option<Day>,
    /// It is of a later day.
    pub after: Option<Day>,
}

/// Something that a message has or is, by which it can be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An address of a page in its words.
    Link,
    /// A poll.
    Poll,
    /// Where something is.
    Location,
    /// How to reach a place: its name, telephone number and address.
    Place,
    /// A mention of somebody, or of everybody.
    Mention,
    /// A quote: it answers another message.
    Reply,
    /// A thread: it has replies in one, or is such a reply.
    Thread,
}

impl Kind {
    /// All of them, in the order in which people are told of them.
    pub const ALL: [Self; 7] = [
        Self::Link,
        Self::Poll,
        Self::Location,
        Self::Place,
        Self::Mention,
        Self::Reply,
        Self::Thread,
    ];

    /// What stands after `has:`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Poll => "poll",
            Self::Location => "location",
            Self::Place => "place",
            Self::Mention => "mention",
            Self::Reply => "reply",
            Self::Thread => "thread",
        }
    }

    /// The kind of a folded name, in the singular or the plural.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let is_named = |kind: &Self| match name.strip_suffix('s') {
            Some("replie") => *kind == Self::Reply,
            Some(one) => kind.name() == one,
            None => kind.name() == name,
        };
        Self::ALL.into_iter().find(is_named)
    }

    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// Why a text is no day.
pub(crate) enum NoDay {
    /// It is not written like a date.
    Unreadable,
    /// It is, but there is no such day.
    InNoCalendar,
}

/// A day of the calendar. When it begins and ends depends on the time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// From 1 to 9999.
    pub year: u16,
    /// From 1 to 12.
    pub month: u8,
    /// From 1 to the last of the month.
    pub day: u8,
}

impl Day {
    /// The day of a date such as `2026-11-26`.
    pub(crate) fn parse(text: &str) -> Result<Self, NoDay> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
        };
        let numbers = (number(4), number(2), number(2));
        let (Some(year), Some(month), Some(day), None) =
            (numbers.0, numbers.1, numbers.2, parts.next())
        else {
            return Err(NoDay::Unreadable);
        };
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let february = if leap { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let last = usize::from(month).checked_sub(1).and_then(|month| months.get(month));
        let exists = year >= 1 && last.is_some_and(|last| (1..=*last).contains(&day));
        match (u8::try_from(month), u8::try_from(day)) {
            (Ok(month), Ok(day)) if exists => Ok(Self { year, month, day }),
            _ => Err(NoDay::InNoCalendar),
        }
    }
}
