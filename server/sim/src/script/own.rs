//! What people do for themselves: stars, drafts, what they hide, where rooms stand in their lists, which they mute or mark
//! as unread, and what they say of themselves.
//!
//! These commands have no keys, so a copy may come late and after another one. What came of them in the middle of faults
//! is not known for sure; so in the end everybody does some of it again.

use std::time::Duration;

use caffis_schema::{
    Command, RoomId, Text, Timestamp,
    command::{Hide, Mark, Mute, SetPreferences, SetPresence, Star},
    drafts::{Draft, ThreadDraft},
    limits::DRAFT_BYTES,
    placement::{Placement, SetPlacement},
    reply::Appended,
    room::Availability,
};

use tokio::time::sleep;

use super::Life;
use crate::{device::Device, ledger::said, own::Kept, trace::lock};

/// Where rooms stand.
const PLACEMENTS: [Placement; 4] =
    [Placement::Listed, Placement::Pinned, Placement::Archived, Placement::Hidden];

/// How long it may take until all devices are connected again.
const RECONNECTED: Duration = Duration::from_secs(10);

/// Of a thousand times that a room is muted or no longer, how often it is muted.
const MUTED: u16 = 700;

/// For how long a room is muted at least, in milliseconds: clocks are wrong by less than that, and in the end it is muted
/// still.
const FIRST_MS: u64 = 24 * 3_600_000;

/// For how much longer a room is muted at most, in milliseconds.
const LONGEST_MS: usize = 24 * 3_600_000;

/// What everybody does in the end, in so many rooms.
const LAST: usize = 5;

impl Life {
    /// Somebody does something for themselves.
    pub(super) fn keep(&mut self) {
        let device = self.device();
        let Some((command, _)) = self.own_deed(&device, None) else { return };
        let what = format!("gives {}", command.name());
        self.give(&device, what, command, |_, _| ());
    }

    /// Once nothing goes wrong any more everybody does something for themselves: that has to stay.
    pub(super) async fn keep_last(&mut self) {
        let rooms: Vec<_> = lock(&self.ledger).rooms.iter().map(|(room, _)| *room).collect();
        // Their clocks are corrected by the server's as they are now.
        for device in &self.devices {
            device.client.reconnect().await;
        }
        sleep(RECONNECTED).await;
        for device in self.devices.clone() {
            let mut own = rooms.clone();
            self.random.shuffle(&mut own);
            for room in own.into_iter().take(LAST) {
                let Some((command, kept)) = self.own_deed(&device, Some(room)) else { continue };
                let result = device.client.call(command).await;
                let done = result.is_ok();
                self.trace.note(format_args!(
                    "{} keeps {kept:?}: {}",
                    device.name,
                    said(&result.map(drop))
                ));
                if done {
                    lock(&self.ledger).keeps(&device.user, kept);
                }
            }
        }
    }

    fn own_deed(&mut self, device: &Device, room: Option<RoomId>) -> Option<(Command, Kept)> {
        let room = room.or_else(|| self.room())?;
        Some(match self.random.below(9) {
            0 => {
                let position = self.message_of(room)?.position;
                let star = self.random.chance(700);
                (Command::Star(Star { room, position, star }), Kept::Star(room, position, star))
            }
            5 => {
                let position = self.message_of(room)?.position;
                lock(&self.ledger).hidden.insert((device.user.clone(), room, position));
                (Command::Hide(Hide { room, position }), Kept::Hidden(room, position))
            }
            6 => {
                let number = self.message_of(room)?.number;
                lock(&self.ledger).unread.insert((device.user.clone(), room));
                (Command::MarkUnread(Mark { room, number }), Kept::Unread(room, number))
            }
            7 => {
                let private_receipts = self.random.chance(500);
                lock(&self.ledger).private.insert(device.user.clone());
                let command = Command::SetPreferences(SetPreferences { private_receipts });
                (command, Kept::Private(private_receipts))
            }
            8 => {
                self.words += 1;
                let said = if self.random.chance(800) {
                    format!("s{}", self.words)
                } else {
                    String::new()
                };
                let (availability, status) = (Availability::Online, Text::cut(&said));
                let command = SetPresence { availability, status: Some(status.clone()) };
                (Command::SetPresence(command), Kept::Status(status))
            }
            1 => {
                let (text, time) = self.written(device);
                let draft = Draft { room, text, time };
                (Command::SetDraft(draft.clone()), Kept::Draft(draft.into()))
            }
            2 => {
                let root = self.root(room)?;
                let (text, time) = self.written(device);
                let draft = ThreadDraft { room, root, text, time };
                (Command::SetThreadDraft(draft.clone()), Kept::Draft(draft.into()))
            }
            3 => {
                let until = self.random.chance(MUTED).then(|| {
                    let now = device.client.key_of_new_room().time;
                    now + FIRST_MS + self.random.below(LONGEST_MS) as u64
                });
                let command = Command::Mute(Mute { room, until });
                (command, Kept::Mute(room, until))
            }
            _ => {
                let placement = *self.random.pick(&PLACEMENTS);
                let command = Command::SetPlacement(SetPlacement { room, placement });
                (command, Kept::Placement(room, placement))
            }
        })
    }

    /// A message of a room that was acknowledged.
    fn message_of(&mut self, room: RoomId) -> Option<Appended> {
        let sent = self.acknowledged(|letter| letter.room == room);
        (!sent.is_empty()).then(|| self.random.pick(&sent).1)
    }

    /// What somebody writes and does not send, and when.
    fn written(&mut self, device: &Device) -> (Text<DRAFT_BYTES>, Timestamp) {
        self.words += 1;
        (Text::cut(&format!("d{}", self.words)), device.client.key_of_new_room().time)
    }
}
