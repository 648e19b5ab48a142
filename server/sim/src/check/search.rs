//! The final checks of search: who may see a message finds it by a word that it has now, and nobody finds another one.

use std::{collections::BTreeMap, time::Duration};

use caffis_schema::{Position, RoomId, Text, command::Search, room::Message};
use tokio::time::sleep;

use super::{changes::words, truth::Truth};
use crate::{device::Device, ledger::Ledger, trace::Trace};

/// Messages of a room that each person looks for.
const LOOKED_FOR: usize = 4;

/// Hits of a page.
const PAGE: u8 = 20;

/// How long the index may take until it has everything, once nothing goes wrong any more, and how often is looked.
const INDEXED: u32 = 60;
const AGAIN: Duration = Duration::from_secs(1);

/// Looks for some of the messages that were acknowledged, those that were edited or deleted since among them.
pub(super) async fn check(
    trace: &Trace,
    ledger: &Ledger,
    device: &Device,
    rooms: &BTreeMap<RoomId, Truth>,
) {
    let user = &device.user;
    for (room, truth) in rooms.iter().filter(|(_, truth)| truth.member(user).is_some()) {
        let short = ledger.short(*room);
        let sent = ledger.sendings.values().filter(|sending| sending.letter.room == *room);
        let sent: Vec<_> =
            sent.filter_map(|it| Some((it.letter.short(), it.acknowledged?.position))).collect();
        for (word, position) in sent.iter().step_by(sent.len() / LOOKED_FOR + 1) {
            let found = match find(device, *room, word).await {
                Ok(found) => found.contains(position),
                Err(error) => {
                    return trace.broken(format_args!("{user} cannot search {short}: {error}"));
                }
            };
            let says = truth.message(*position).is_some_and(|(_, it)| has(it, word));
            if found && !(says && truth.visible(user, *position)) {
                trace.broken(format_args!("{user} finds {word} at {position} of {short}"));
            }
            let hidden = ledger.may_hide(user, *room, *position);
            if !found && says && truth.sees(user, *position) && !hidden {
                trace.broken(format_args!("{user} does not find {word} at {position} of {short}"));
            }
        }
    }
}

/// Where the messages of a room are that have a word.
async fn find(device: &Device, room: RoomId, word: &str) -> Result<Vec<Position>, String> {
    let (mut found, mut before, mut tries) = (Vec::new(), None, 0);
    loop {
        let query = Text::cut(word);
        let search = Search { room: Some(room), query, time_zone: None, before, limit: PAGE };
        let page = device.client.search(search).await.map_err(|error| error.to_string())?;
        if page.behind {
            tries += 1;
            if tries == INDEXED {
                return Err("the index stays behind".to_owned());
            }
            sleep(AGAIN).await;
            continue;
        }
        found.extend(page.hits.iter().map(|hit| hit.position));
        before = page.next;
        if before.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a message has a word.
fn has(message: &Message, word: &str) -> bool {
    let words = words(&message.body).unwrap_or_default();
    !message.is_deleted() && words.split_whitespace().any(|one| one == word)
}
