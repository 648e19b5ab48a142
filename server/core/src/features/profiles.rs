//! Who some people are.

use caffis_schema::{List, Reply, command::Profiles, reply::ProfileList};

use crate::{
    room::read_error,
    services::{Asker, Handled},
};

/// The profiles of those who are known.
///
/// # Errors
/// What the store says.
pub async fn handle(asker: Asker, command: Profiles) -> Handled {
    let mut profiles = Vec::new();
    for user in &command.users {
        let person = asker.services.directory.find(user).await.map_err(|e| read_error(&e))?;
        profiles.extend(person.map(|person| person.profile.clone()));
    }
    Ok(Reply::Profiles(ProfileList { profiles: List::cut(profiles) }))
}
