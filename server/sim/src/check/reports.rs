//! The final checks of reports: those who moderate find each one, once, and no others.
//!
//! Reports have no keys. One that was done before its connection broke may be refused when it comes again, because whoever
//! reported left the room since.

use std::collections::BTreeMap;

use caffis_core::{Inquirer, model::caller::Rights};
use caffis_schema::{UserId, reports::REPORTS};

use crate::{ledger::Ledger, trace::Trace, world::World};

/// Compares the list of reports with what people were told.
pub(super) async fn check(trace: &Trace, ledger: &Ledger, world: &World) {
    let Some(process) = world.processes().next() else { return };
    let Ok(user) = UserId::new("service:moderation") else { return };
    let by = Inquirer { user, service: Some(Rights { read_reports: true, ..Rights::USUAL }) };
    let (mut found, mut after) = (BTreeMap::new(), None::<String>);
    loop {
        let page = match process.core.reports(&by, after.as_deref(), REPORTS as u8).await {
            Ok(page) => page,
            Err(error) => return trace.broken(format_args!("reports cannot be read: {error}")),
        };
        for report in page.reports {
            let key = (report.room, report.position, report.reporter);
            *found.entry(key).or_insert(0) += 1;
        }
        after = page.next.map(|next| next.to_string());
        if after.is_none() {
            break;
        }
    }
    for ((room, position, user), fate) in &ledger.reports {
        let times = found.remove(&(*room, *position, user.clone())).unwrap_or(0);
        let short = ledger.short(*room);
        if times > 1 || (times == 0 && fate.done) {
            trace.broken(format_args!("{user} reported {position} of {short}, {times} times"));
        }
    }
    for (room, position, user) in found.keys() {
        let short = ledger.short(*room);
        trace.broken(format_args!("nobody reported {position} of {short}, not {user}"));
    }
}
