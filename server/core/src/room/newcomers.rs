//! Who may come into a room.

use caffis_schema::{Error, ErrorCode, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::rooms::Rooms;
use crate::{memberships::rooms_of, relations::check_may_add};

/// People who are looked at at the same time.
const CHECKED_AT_ONCE: usize = 16;

impl Rooms {
    /// Makes sure that people are known and may be in one more room, and that none of them is kept apart from
    /// the person who brings them. A service may bring people who never connected: an invitation is accepted
    /// before the first login.
    ///
    /// # Errors
    /// `not_found` with the first who is not known, `limit_reached` with the first who is in too many
    /// rooms, and what the store says.
    pub async fn check_newcomers(
        &self,
        people: &[UserId],
        by: &UserId,
        by_service: bool,
    ) -> Result<(), Error> {
        if !by_service && !people.is_empty() {
            check_may_add(&*self.store, by, people).await?;
        }
        let checks = stream::iter(people.to_vec())
            .map(|user| async move { self.check_newcomer(&user, by_service).await });
        checks.buffered(CHECKED_AT_ONCE).try_collect().await
    }

    async fn check_newcomer(&self, user: &UserId, by_service: bool) -> Result<(), Error> {
        if self.directory.find_stored(user).await?.is_none() {
            if !by_service {
                let sentence = format!("There is no person {user}.");
                return Err(Error::refused(ErrorCode::NotFound, &sentence));
            }
            self.directory.introduce(user).await?;
        }
        let most = self.settings.rooms_per_user as usize;
        let rooms = match self.people.room_count(user) {
            Some(count) => count,
            None => rooms_of(&*self.store, &self.settings, user).await?.len(),
        };
        if rooms >= most {
            let sentence = format!("{user} is in as many rooms as a person may be.");
            return Err(Error::refused(ErrorCode::LimitReached, &sentence));
        }
        Ok(())
    }
}
