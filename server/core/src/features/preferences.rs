//! A person's own settings.

use caffis_schema::{Reply, command::SetPreferences, open::Empty};

use crate::call::{Call, Handled};

/// Changes the settings; all of the person's sessions hear of it.
///
/// # Errors
/// `forbidden` for services, and what keeps them from being stored.
pub async fn handle(call: Call, command: SetPreferences) -> Handled {
    call.check_person("A service has no settings of its own.")?;
    call.change_person(move |person| person.private_receipts = command.private_receipts).await?;
    Ok(Reply::Done(Empty {}))
}
