//! Saying whether one is there.

use caffis_schema::{
    Error, ErrorCode, Reply, command::SetPresence, open::Empty, room::Availability,
};

use crate::{
    call::{Call, Handled},
    model::text,
};

/// Changes this session's availability, and the person's own words.
///
/// # Errors
/// Saying that one is offline, words that are not allowed.
pub async fn handle(call: Call, command: SetPresence) -> Handled {
    let services = &call.services;
    if command.availability == Availability::Offline {
        let sentence = "A connected person is online or away.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    if let Some(status) = command.status {
        let status = (!status.is_empty()).then_some(status);
        if let Some(status) = &status {
            text::check_name(status)?;
        }
        call.change_person(|person| person.status = status).await?;
    }
    let now = services.clock.now();
    if let Some(presence) =
        services.people.set_availability(call.session()?, command.availability, now)
    {
        services.tell_presence(&presence, None);
    }
    Ok(Reply::Done(Empty {}))
}
