//! Who some people are.

use caffis_schema::{List, Reply, command::Profiles, reply::ProfileList};

use crate::call::{Call, Handled};

/// The profiles of those who are known.
///
/// # Errors
/// What the store says.
pub async fn handle(call: Call, command: Profiles) -> Handled {
    let people = call.services.directory.find_all(&command.users).await?;
    let profiles = people.iter().map(|person| person.profile.clone()).collect();
    Ok(Reply::Profiles(ProfileList { profiles: List::cut(profiles) }))
}
