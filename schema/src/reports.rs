//! What REST says of reported messages.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    command::ReportReason,
    ids::{RoomId, UserId},
    limits::REPORT_BYTES,
    numbers::{Position, Timestamp},
};

/// Reports in one page.
pub const REPORTS: usize = 100;

/// Where a list of reports goes on, in bytes.
pub const REPORT_CURSOR_BYTES: usize = 160;

/// A report of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ReportedMessage {
    /// When it was reported.
    pub time: Timestamp,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Who wrote the message; none for a service.
    pub sender: Option<UserId>,
    /// Who reported it.
    pub reporter: UserId,
    /// Why.
    pub reason: ReportReason,
    /// What else they said; may be empty.
    pub text: Text<REPORT_BYTES>,
}

/// A part of the reports, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ReportPage {
    /// The reports.
    pub reports: List<ReportedMessage, REPORTS>,
    /// What to give as `after` for those that follow; none if these are the last.
    pub next: Option<Text<REPORT_CURSOR_BYTES>>,
}
