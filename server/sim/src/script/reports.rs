//! Reporting messages.

use caffis_schema::{
    Command, Text,
    command::{Report, ReportReason},
};

use super::Life;
use crate::trace::lock;

/// Of a thousand reports, how many are sent by two devices at once.
const TWICE: u16 = 300;

impl Life {
    /// Somebody reports a message that was acknowledged.
    pub(super) fn report(&mut self) {
        let Some((_, sent)) = self.any_acknowledged() else { return };
        let (room, position) = (sent.room, sent.position);
        let user = self.device_in(room).user;
        let reason = *self.random.pick(&[ReportReason::Spam, ReportReason::Harassment]);
        let command = Command::Report(Report { room, position, reason, text: Text::cut("look") });
        for _ in 0..=usize::from(self.random.chance(TWICE)) {
            let device = self.device_of(&user);
            let key = (room, position, user.clone());
            let short = {
                let mut ledger = lock(&self.ledger);
                ledger.reports.entry(key.clone()).or_default().begins();
                ledger.short(room)
            };
            let what = format!("reports {position} of {short}");
            self.give(&device, what, command.clone(), move |ledger, result| {
                ledger.reports.entry(key).or_default().ends(result);
            });
        }
    }
}
