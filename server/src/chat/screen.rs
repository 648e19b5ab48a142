//! The output: lines for people, or with `--plain` lines for programs.
//!
//! A plain line is a word and its fields, separated by tabs; tabs, line breaks and backslashes in a
//! field are written `\t`, `\n`, `\\`.

use std::io::{self, Write};

use caffis_client::State;
use caffis_schema::{
    Body, Entry, EntryKind, Timestamp,
    event::SystemBody,
    room::{Availability, RoomSummary},
};

/// Where lines go.
pub(super) struct Screen {
    plain: bool,
}

impl Screen {
    pub(super) fn new(plain: bool) -> Self {
        Self { plain }
    }

    /// A line that only people read.
    pub(super) fn say(&self, text: &str) {
        if !self.plain {
            print(text);
        }
    }

    /// A line for both.
    pub(super) fn line(&self, word: &str, fields: &[&str], people: &str) {
        self.plain(word, fields);
        self.say(people);
    }

    /// A line that only programs read.
    pub(super) fn plain(&self, word: &str, fields: &[&str]) {
        if self.plain {
            let mut line = word.to_owned();
            for field in fields {
                line.push('\t');
                line.push_str(&escaped(field));
            }
            print(&line);
        }
    }

    pub(super) fn state(&self, state: &State) {
        match state {
            State::Connecting => self.line("connecting", &[], "… connecting"),
            State::Online(kind) => {
                let kind = kind.to_string();
                self.line("online", &[&kind], &format!("✓ connected over {kind}"));
            }
            State::Waiting { delay, reason } => {
                let people = format!("… {reason}; again in {:.1} s", delay.as_secs_f64());
                self.line("waiting", &[&delay.as_millis().to_string(), reason], &people);
            }
            State::Ended(ended) => {
                let reason = match ended {
                    caffis_client::Ended::Disposed => "you left".to_owned(),
                    caffis_client::Ended::Closed(farewell) => farewell.reason.clone(),
                    caffis_client::Ended::Refused(error) => error.to_string(),
                    caffis_client::Ended::Setup(reason) => reason.clone(),
                };
                self.line("ended", &[&reason], &format!("✗ {reason}"));
            }
        }
    }

    /// A room of the list.
    pub(super) fn room(&self, number: usize, room: &RoomSummary) {
        let title = title(room);
        let unread = room.unread.to_string();
        let badge = if room.unread == 0 { String::new() } else { format!(" ({unread} new)") };
        let preview = room.preview.as_ref().map_or(String::new(), |preview| {
            let sender = preview.sender.as_ref().map_or("", |sender| sender.as_str());
            format!(" — {sender}: {}", clean(&preview.text))
        });
        let people = format!("{number:3}  {}{badge}{preview}", clean(&title));
        self.line("room", &[&room.room.to_string(), &unread, &title], &people);
    }

    /// An entry of a room.
    pub(super) fn entry(&self, room: &str, entry: &Entry, name: impl Fn(&str) -> String) {
        let position = entry.position.to_string();
        let time = clock(entry.time);
        match &entry.kind {
            EntryKind::Message(message) => {
                let sender = message.sender.as_ref().map_or("", |sender| sender.as_str());
                let text = match &message.body {
                    Body::Text(body) => &*body.text,
                    Body::System(SystemBody::Notice(body)) => &*body.text,
                    Body::Poll(body) => &*body.question,
                    Body::Location(body) => &*body.coordinates,
                    Body::Place(body) => &*body.name,
                    Body::Deleted(_) | Body::Hidden(_) => "(deleted)",
                    Body::System(_) | Body::Unknown(_) => "(a message of a newer kind)",
                };
                let number = message.number.to_string();
                let people = format!("{time}  {}: {}", clean(&name(sender)), clean(text));
                self.line("message", &[room, &position, &number, sender, text], &people);
            }
            EntryKind::Joined(joined) => {
                let users: Vec<&str> = joined.users.iter().map(|user| user.as_str()).collect();
                let users = users.join(", ");
                let people = format!("{time}  → {} joined", clean(&users));
                self.line("joined", &[room, &position, &users], &people);
            }
            EntryKind::Left(left) => {
                let people = format!("{time}  ← {} left", clean(left.user.as_str()));
                self.line("left", &[room, &position, left.user.as_str()], &people);
            }
            EntryKind::Edited(edited) => {
                let text = match &edited.body {
                    Some(Body::Text(body)) => &*body.text,
                    _ => "",
                };
                let number = edited.number.to_string();
                let people = format!("{time}  ✎ {number}: {}", clean(text));
                self.line("edited", &[room, &position, &number, text], &people);
            }
            EntryKind::Reacted(reacted) => {
                let number = reacted.number.to_string();
                let (user, emoji) = (reacted.user.as_str(), &*reacted.emoji);
                let sign = if reacted.added { "+" } else { "-" };
                let people =
                    format!("{time}  {sign}{} {}: {number}", clean(emoji), clean(&name(user)));
                self.line("reacted", &[room, &position, &number, user, sign, emoji], &people);
            }
            EntryKind::Deleted(deleted) => {
                let number = deleted.number.to_string();
                let people = format!("{time}  ✗ {number} was deleted");
                self.line("deleted", &[room, &position, &number], &people);
            }
            other => {
                let people = format!("{time}  · {}", other.name());
                self.line("entry", &[room, &position, other.name()], &people);
            }
        }
    }
}

/// What a room is called in a list.
pub(super) fn title(room: &RoomSummary) -> String {
    match (&room.name, &room.peer) {
        (Some(name), _) => name.to_string(),
        (None, Some(peer)) => peer.name.to_string(),
        (None, None) => format!("{} {}", room.context.kind, room.context.id),
    }
}

pub(super) fn availability(availability: Availability) -> &'static str {
    match availability {
        Availability::Offline => "offline",
        Availability::Away => "away",
        Availability::Online => "online",
    }
}

/// The time of day, UTC: a terminal's zone is not known here.
fn clock(time: Timestamp) -> String {
    let minutes = time.get() / 60_000;
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

/// Text of others without what could command the terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '⏎',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

fn escaped(field: &str) -> String {
    let mut line = String::with_capacity(field.len());
    for c in field.chars() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            c => line.push(c),
        }
    }
    line
}

fn print(line: &str) {
    let mut out = io::stdout().lock();
    // If the reader of the pipe is gone, the program ends through its input, not here.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_cannot_command_the_terminal_or_break_a_line() {
        assert_eq!(clean("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb⏎c");
        assert_eq!(escaped("a\tb\\c\nd"), "a\\tb\\\\c\\nd");
    }

    #[test]
    fn times_are_of_the_day() {
        assert_eq!(clock(Timestamp(0)), "00:00");
        assert_eq!(clock(Timestamp((13 * 60 + 7) * 60_000 + 86_400_000)), "13:07");
    }
}
