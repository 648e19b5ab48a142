//! Whether people are connected, for services.

use caffis_schema::{
    Error, List, UserId,
    limits::USERS_PER_COMMAND,
    people::{Connection, Connections},
    room::Availability,
};

use crate::{call::Call, model::authorise::authorise_about};

/// Whether each of some people is connected, to whatever node, in the order in which they are named. Of
/// somebody who is not known the answer is the same as of somebody who never came.
///
/// # Errors
/// Who may not ask, and what the store says.
pub async fn of(call: Call, users: &List<UserId, USERS_PER_COMMAND>) -> Result<Connections, Error> {
    authorise_about(call.user(), call.service(), users.iter())?;
    let services = &call.services;
    // When they were last there is in the store.
    services.directory.find_all(users).await?;
    let now = services.clock.now();
    let states = users.iter().map(|user| {
        let shown = services.people.shown(&services.directory, user, now);
        let connected = shown.availability != Availability::Offline;
        Connection {
            user: user.clone(),
            availability: shown.availability,
            last_seen: shown.last_seen.filter(|_| !connected),
        }
    });
    Ok(Connections { people: List::cut(states.collect()) })
}
