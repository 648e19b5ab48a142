//! Saying whether one is there.

use caffis_schema::{
    Error, ErrorCode, Reply, command::SetPresence, open::Empty, room::Availability,
};

use crate::{
    model::text,
    services::{Asker, Handled},
};

/// Changes this session's availability, and the person's own words.
///
/// # Errors
/// Saying that one is offline, words that are not allowed.
pub async fn handle(asker: Asker, command: SetPresence) -> Handled {
    let services = &asker.services;
    if command.availability == Availability::Offline {
        let sentence = "Who is connected is online or away.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    if let Some(status) = command.status {
        let status = (!status.is_empty()).then_some(status);
        if let Some(status) = &status {
            text::check_name(status)?;
        }
        asker.change_person(|person| person.status = status).await?;
    }
    let now = services.clock.now();
    if let Some(presence) =
        services.people.set_availability(&asker.session, command.availability, now)
    {
        services.tell_presence(&presence, None);
    }
    Ok(Reply::Done(Empty {}))
}
