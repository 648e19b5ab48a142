//! A person as the main app has them. Once it has said so, name and picture are what it says, and not what a
//! token claims.

use std::sync::Arc;

use caffis_schema::{
    Text, UserId,
    hooks::users::{UserDeleted, UserUpserted},
    room::Profile,
};

use super::unnamed;
use crate::model::text;

/// What others read in place of the name of a person whom the main app has deleted.
const DELETED_NAME: &str = "Deleted user";

/// A person, as the main app has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// With all that it says of them.
    Known(Arc<UserUpserted>),
    /// They are gone.
    Deleted(UserDeleted),
}

impl Mirror {
    /// Of whom it is.
    #[must_use]
    pub fn user(&self) -> &UserId {
        match self {
            Self::Known(user) => &user.id,
            Self::Deleted(user) => &user.id,
        }
    }

    /// The name of their time zone.
    #[must_use]
    pub fn time_zone(&self) -> Option<&str> {
        match self {
            Self::Known(user) => user.time_zone.as_deref(),
            Self::Deleted(_) => None,
        }
    }

    /// Which state of theirs it is.
    #[must_use]
    pub fn version(&self) -> u64 {
        match self {
            Self::Known(user) => user.version.get(),
            Self::Deleted(user) => user.version.get(),
        }
    }

    /// The person as others see them.
    pub(super) fn profile(&self) -> Profile {
        match self {
            Self::Known(user) => Profile {
                name: text::clean_name(&user.name).unwrap_or_else(|| unnamed(&user.id).name),
                picture: user.picture.as_ref().map(|picture| Text::cut(picture)),
                user: user.id.clone(),
            },
            Self::Deleted(user) => {
                Profile { user: user.id.clone(), name: Text::cut(DELETED_NAME), picture: None }
            }
        }
    }
}
