//! Users, as the main app has them: it is the source of their names and pictures.

use caffis_schema::{
    Error, ErrorCode, UserId,
    hooks::{
        HookAnswer, HookResult,
        users::{UserDeleted, UserUpserted},
    },
};

use crate::{
    directory::{Mirror, Mirrored, Person},
    memberships::rooms_of,
    model::text,
    receipts::Receipt,
    services::Services,
};

/// Takes in what the main app says of a user. Who is connected anywhere and knows them hears of it.
///
/// # Errors
/// A name with nothing visible, other content of the same version, and what the store says.
pub(crate) async fn upsert(
    services: &Services,
    user: UserUpserted,
    receipt: &Receipt,
) -> Result<HookAnswer, Error> {
    if text::clean_name::<{ caffis_schema::limits::NAME_BYTES }>(&user.name).is_none() {
        return Err(Error::refused(ErrorCode::Invalid, "The name has nothing visible."));
    }
    take_in(services, Mirror::Known(user.into()), receipt).await
}

/// Takes in that a user is gone: their sessions end, and no token of theirs is good any more. What follows is
/// done once more when the same event comes again.
///
/// # Errors
/// Other content of the same version, and what the store says.
pub(crate) async fn delete(
    services: &Services,
    user: UserDeleted,
    receipt: &Receipt,
) -> Result<HookAnswer, Error> {
    take_in(services, Mirror::Deleted(user), receipt).await
}

/// Does once more what follows from a state that was taken in, if it is still the newest: the first time it
/// may have been cut short.
///
/// # Errors
/// What the store says.
pub(crate) async fn follow_again(
    services: &Services,
    user: &UserId,
    version: u64,
) -> Result<(), Error> {
    match services.directory.find(user).await? {
        Some(person) if person.mirror.as_ref().is_some_and(|m| m.version() == version) => {
            follow(services, &person).await
        }
        _ => Ok(()),
    }
}

async fn take_in(
    services: &Services,
    mirror: Mirror,
    receipt: &Receipt,
) -> Result<HookAnswer, Error> {
    let version = mirror.version();
    let kept = |outcome: &Mirrored| match outcome {
        Mirrored::Ignored(newer) => {
            HookAnswer { result: HookResult::Ignored, version: Some(*newer), room: None }
        }
        _ => HookAnswer { result: HookResult::Applied, version: Some(version), room: None },
    };
    let outcome = services
        .directory
        .mirror(mirror, |outcome, batch| receipt.put(batch, &kept(outcome)))
        .await?;
    match &outcome {
        Mirrored::Applied(person, true) => follow(services, person).await?,
        Mirrored::Conflict => {
            let sentence =
                format!("Version {version} of this user came before with other content.");
            return Err(Error::refused(ErrorCode::Conflict, &sentence));
        }
        Mirrored::Applied(_, false) | Mirrored::Ignored(_) => {}
    }
    Ok(kept(&outcome))
}

/// Tells a changed profile to those who know the person, on whatever node, and ends the sessions of one who
/// is gone.
async fn follow(services: &Services, person: &Person) -> Result<(), Error> {
    let user = &person.profile.user;
    if person.is_deleted() {
        services.revoke(user, services.clock.now()).await?;
    }
    // Without their rooms only those hear of it who write with them directly; the others read it.
    let rooms = rooms_of(&*services.store, &services.settings, user).await.unwrap_or_default();
    let rooms = rooms.into_iter().map(|row| (row.room, row.peer)).collect();
    services.tell_profile_in(person, rooms);
    Ok(())
}
