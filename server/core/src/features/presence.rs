//! Saying whether one is there, and in one's own words.

use caffis_schema::{
    Error, ErrorCode, Reply, Text,
    command::SetPresence,
    limits::STATUS_BYTES,
    open::Empty,
    room::{Availability, OwnState},
};

use crate::{
    call::{Call, Handled},
    model::text,
};

/// Why a service says nothing of itself.
const NO_PRESENCE: &str = "A service has no presence.";

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
    let session = call.session()?;
    if let Some(status) = command.status {
        set_status(&call, status).await?;
    }
    let now = services.clock.now();
    if let Some(presence) = services.people.set_availability(session, command.availability, now) {
        services.tell_presence(&presence, None);
    }
    Ok(Reply::Done(Empty {}))
}

/// Changes the person's own words, or takes them away if there are none; others hear of it.
///
/// # Errors
/// `forbidden` for services, words that are not allowed, and what keeps them from being stored.
pub(crate) async fn set_status(call: &Call, status: Text<STATUS_BYTES>) -> Result<(), Error> {
    call.check_person(NO_PRESENCE)?;
    let status = (!status.is_empty()).then_some(status);
    if let Some(status) = &status {
        text::check_name(status)?;
    }
    call.change_person(|person| person.status = status).await
}

/// The person as others see them, and what they have set.
///
/// # Errors
/// `forbidden` for services, which have neither; and what the store says.
pub(crate) async fn own_state(call: &Call) -> Result<OwnState, Error> {
    call.check_person(NO_PRESENCE)?;
    let services = &call.services;
    let person = services.directory.find_stored(call.user()).await?;
    let presence = services.people.shown(&services.directory, call.user(), services.clock.now());
    Ok(OwnState {
        presence,
        private_receipts: person.is_some_and(|person| person.private_receipts),
    })
}
