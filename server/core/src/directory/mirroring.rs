//! Taking in what the main app says of people: one state of a person after the other, by their versions.
//!
//! All events of a person come to one node ([`crate::hooks`]), so a version is compared with the one
//! before it where nobody else writes, and the later one wins whatever order they come in. Other nodes
//! write other parts of the person meanwhile.

use std::sync::Arc;

use super::{Directory, Mirror, Part, Person, rows, rows::stranger};
use crate::{
    ports::store::{Atomicity, Batch, StoreError},
    sync::lock,
};

/// What became of a state of the mirror.
#[derive(Debug)]
pub(crate) enum Mirrored {
    /// The person is as it says. The flag tells whether others may have known them otherwise.
    Applied(Arc<Person>, bool),
    /// There is a newer one, of this version.
    Ignored(u64),
    /// There is another one of the same version.
    Conflict,
}

impl Directory {
    /// Takes in a state of the mirror, unless there is a newer one. What `beside` adds is written not before
    /// it, and is durable too when this returns.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn mirror(
        self: &Arc<Self>,
        mirror: Mirror,
        beside: impl Fn(&Mirrored, &mut Batch),
    ) -> Result<Mirrored, StoreError> {
        let turn = self.turn(mirror.user()).await?;
        let known = self.read_row(turn.key()).await?;
        let before = known.as_ref().and_then(|person| person.mirror.as_ref());
        let (was, is) = (before.map_or(0, Mirror::version), mirror.version());
        if was == is && before != Some(&mirror) {
            return Ok(Mirrored::Conflict);
        }
        if was > is {
            let outcome = Mirrored::Ignored(was);
            let mut batch = Batch::partition(self.stamps.next()?);
            beside(&outcome, &mut batch);
            return self.store.write(batch).await.map(|()| outcome);
        }
        let mut person = known.as_deref().cloned().unwrap_or_else(|| stranger(turn.key()));
        person.profile = mirror.profile();
        let changed = known.as_ref().is_some_and(|known| known.profile != person.profile);
        person.mirror = Some(mirror);
        let changed = changed || person.is_deleted();
        let person = Arc::new(person);
        // Of an earlier copy of this state nobody may have been told.
        let outcome = Mirrored::Applied(person.clone(), changed || was == is);
        let written = self.write_mirror(&person, |batch| beside(&outcome, batch)).await;
        match &written {
            Ok(()) => _ = self.remember((*person).clone(), true),
            // The store is asked which it is when the person is needed again.
            Err(StoreError::Unknown(_)) => _ = lock(&self.cache).doubt(turn.key()),
            Err(_) => {}
        }
        written.map(|()| outcome)
    }

    /// Writes a person's mirror and what goes beside it: all of it or nothing where that costs nothing, else
    /// one after the other.
    async fn write_mirror(
        &self,
        person: &Person,
        beside: impl Fn(&mut Batch),
    ) -> Result<(), StoreError> {
        let mut batch = Batch::partition(self.stamps.next()?);
        rows::put(&mut batch, person, &[Part::Mirror]);
        if self.shared {
            self.store.write(batch).await?;
            batch = Batch::partition(self.stamps.next()?);
        } else {
            batch.atomicity = Atomicity::Logged;
        }
        beside(&mut batch);
        self.store.write(batch).await
    }
}
