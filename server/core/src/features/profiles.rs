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
    let people = asker.services.directory.find_all(&command.users).await;
    let people = people.map_err(|e| read_error(&e))?;
    let profiles = people.iter().map(|person| person.profile.clone()).collect();
    Ok(Reply::Profiles(ProfileList { profiles: List::cut(profiles) }))
}
