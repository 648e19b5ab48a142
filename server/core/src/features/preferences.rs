//! A person's own settings.

use caffis_schema::{Error, ErrorCode, Reply, command::SetPreferences, open::Empty};

use crate::services::{Asker, Handled};

/// Changes the settings.
///
/// # Errors
/// What keeps them from being stored.
pub async fn handle(asker: Asker, command: SetPreferences) -> Handled {
    let private = command.private_receipts;
    let directory = &asker.services.directory;
    directory.update(asker.user(), |person| person.private_receipts = private).await.map_err(
        |_| {
            let sentence = "The settings could not be stored: ask again.";
            Error::unknown(ErrorCode::Unavailable, sentence, 1_000)
        },
    )?;
    Ok(Reply::Done(Empty {}))
}
