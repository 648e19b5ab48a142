//! The final checks of messages of the past: each is there once, as it was sent.

use std::collections::BTreeMap;

use caffis_schema::RoomId;

use super::{changes::words, truth::Truth};
use crate::{ledger::Ledger, trace::Trace};

/// Each message that was imported is in its room once, of whom and from when it was sent, and nothing else was imported.
pub(super) fn check(trace: &Trace, ledger: &Ledger, rooms: &BTreeMap<RoomId, Truth>) {
    let mut found: BTreeMap<(RoomId, String), u32> = BTreeMap::new();
    for (room, truth) in rooms {
        let short = ledger.short(*room);
        for (entry, message) in truth.messages() {
            let Some(sent) = message.imported() else { continue };
            let id = (*room, words(&message.body).unwrap_or_default().to_owned());
            match ledger.imports.get(&id) {
                Some(wanted)
                    if message.sender.as_ref() == Some(&wanted.sender) && sent == wanted.sent => {}
                wanted => {
                    let at = entry.position;
                    trace.broken(format_args!("{short}: {at} was imported, and not {wanted:?}"));
                }
            }
            *found.entry(id).or_default() += 1;
        }
    }
    for (id, wanted) in &ledger.imports {
        let (short, times) = (ledger.short(id.0), found.get(id).copied().unwrap_or_default());
        if times > 1 || (times == 0 && wanted.fate.done) {
            trace.broken(format_args!("{short}: {} of the past is there {times} times", id.1));
        }
        if times == 1 && !wanted.fate.may_have_happened() {
            trace.broken(format_args!("{short}: {} of the past was refused and is there", id.1));
        }
        if wanted.new > 1 {
            trace
                .broken(format_args!("{short}: {} of the past was new {} times", id.1, wanted.new));
        }
    }
}
