//! One call of a command: who gives it, with what rights, and from which session, if from one.
//!
//! Handlers take a call and not a session, so that REST, webhooks and scheduled work give the same
//! commands as people do. What only makes sense on a connection asks for [`Call::session`].

use std::sync::Arc;

use caffis_schema::{
    Codec, Error, ErrorCode, Reply, RoomId, UserId, event::Flagged, limits::PAGE_BYTES,
    room::RoomClass,
};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    cluster::Owner,
    directory::{Part, Person},
    errors::{no_owner, not_now, owner_stopped},
    hub::people::SessionHandle,
    model::{
        authorise::{Action, Allowed, Read, authorise, no_such_room},
        caller::{Caller, Rights},
        room::RoomState,
    },
    peers::{Nodes, questions::Asker},
    ports::{
        bus::NodeId,
        store::{Batch, Stamp, StoreError},
    },
    room::{RoomCell, RoomCommand},
    services::Services,
    sync::spawn,
    tables::{self, FlagRow, RoomRow, UserRoomRow},
};

/// The answer of a handler.
pub type Handled = Result<Reply, Error>;

/// A command's call on its way through a handler.
#[derive(Clone)]
pub struct Call {
    /// The parts of core.
    pub services: Services,
    user: UserId,
    service: Option<Rights>,
    session: Option<Arc<SessionHandle>>,
    /// What another node knows of the caller, who is connected there.
    asked: Option<Asker>,
}

/// Does something to its end, also when whoever asked has gone: what is written is told.
pub(crate) async fn to_the_end(work: impl Future<Output = Handled> + Send + 'static) -> Handled {
    let (done, answered) = oneshot::channel();
    spawn(async move {
        // Whoever waited may be gone.
        let _ = done.send(work.await);
    });
    answered.await.unwrap_or_else(|_| Err(owner_stopped()))
}

/// A room that a call entered: it is in memory, and the caller may do there what was asked for.
pub struct Entered<A> {
    /// The room.
    pub cell: Arc<RoomCell>,
    /// Its state when the permission was given.
    pub state: Arc<RoomState>,
    /// The permission.
    pub allowed: Allowed<A>,
}

impl Call {
    /// A call that came by a session.
    #[must_use]
    pub fn of_session(services: Services, session: Arc<SessionHandle>) -> Self {
        let (user, service) = (session.user.clone(), session.service);
        Self { services, user, service, session: Some(session), asked: None }
    }

    /// A call without a connection; `service` has the rights of a service, none stands for a person.
    #[must_use]
    pub fn without_session(services: Services, user: UserId, service: Option<Rights>) -> Self {
        Self { services, user, service, session: None, asked: None }
    }

    /// A call that came by another node.
    pub(crate) fn forwarded(services: Services, asker: Asker) -> Self {
        let (user, service) = (asker.user.clone(), asker.service);
        Self { services, user, service, session: None, asked: Some(asker) }
    }

    /// Whether it came by another node: it is answered here, or not at all.
    pub(crate) fn is_forwarded(&self) -> bool {
        self.asked.is_some()
    }

    /// What the owner of a room has to know of the caller.
    pub(crate) fn asker(&self, room: RoomId) -> Asker {
        let nodes = self.services.nodes.as_ref();
        Asker {
            node: nodes.map_or(NodeId::from_random(0), |nodes| nodes.id()),
            user: self.user.clone(),
            service: self.service,
            attending: self.caller(room).attending,
            known: self.is_known(room),
            page_bytes: u32::try_from(self.page_bytes()).unwrap_or(u32::MAX),
        }
    }

    /// The caller's id.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The rights of a service; none for a person.
    #[must_use]
    pub fn service(&self) -> Option<Rights> {
        self.service
    }

    /// Makes sure that a person calls. The sentence says why no service does.
    ///
    /// # Errors
    /// `forbidden` for services.
    pub(crate) fn check_person(&self, sentence: &str) -> Result<(), Error> {
        match self.service {
            None => Ok(()),
            Some(_) => Err(Error::refused(ErrorCode::Forbidden, sentence)),
        }
    }

    /// The session that the command came by.
    ///
    /// # Errors
    /// `invalid` when it came by none.
    pub fn session(&self) -> Result<&Arc<SessionHandle>, Error> {
        self.session.as_ref().ok_or_else(|| {
            Error::refused(ErrorCode::Invalid, "This command belongs to a connection.")
        })
    }

    /// The caller in a room.
    #[must_use]
    pub fn caller(&self, room: RoomId) -> Caller {
        let here = self.session.as_ref().is_some_and(|session| session.has_open(room));
        let attending = here || self.asked.as_ref().is_some_and(|asked| asked.attending);
        Caller { user: self.user.clone(), service: self.service, attending }
    }

    /// About how many bytes of entries go into one answer: as JSON they grow.
    #[must_use]
    pub fn page_bytes(&self) -> usize {
        if let Some(asked) = &self.asked {
            return (asked.page_bytes as usize).min(PAGE_BYTES);
        }
        match self.session.as_ref().map(|session| session.outbound.codec()) {
            Some(Codec::Json) => PAGE_BYTES / 3,
            Some(Codec::Binary) | None => PAGE_BYTES,
        }
    }

    /// Brings a room into memory and asks for permission there.
    ///
    /// # Errors
    /// `not_found` for a room that the caller may not know of, what the action says, and what keeps
    /// the room from being read.
    pub async fn enter<A: Action>(&self, room: RoomId, action: A) -> Result<Entered<A>, Error> {
        self.check_known(room).await?;
        let cell = self.services.rooms.loaded(room).await?;
        let state = cell.state().ok_or_else(not_now)?;
        let allowed = authorise(&self.caller(room), &state, action)?;
        Ok(Entered { cell, state, allowed })
    }

    /// The node that owns a room, if it is another one.
    ///
    /// # Errors
    /// `unavailable` while no node owns it.
    pub(crate) fn owner_elsewhere(
        &self,
        room: RoomId,
    ) -> Result<Option<(&Arc<Nodes>, NodeId)>, Error> {
        match (&self.services.nodes, self.services.owners.owner_of(room)) {
            (Some(nodes), Owner::There { node, .. }) if !self.is_forwarded() => {
                Ok(Some((nodes, node)))
            }
            (None, _) | (_, Owner::Here { .. }) => Ok(None),
            (_, Owner::There { .. } | Owner::Nobody) => Err(no_owner()),
        }
    }

    /// The node to which the caller is connected, when that is another one.
    pub(crate) fn asker_node(&self) -> Option<NodeId> {
        self.asked.as_ref().map(|asked| asked.node)
    }

    /// The call of somebody who has the room open on another node.
    pub(crate) fn as_attending(&self) -> Self {
        let asked = self.asked.clone().map(|asked| Asker { attending: true, ..asked });
        Self { asked, ..self.clone() }
    }

    /// Opens a room in the call's session: subscribes first and looks at the state second, so that
    /// nothing falls between.
    ///
    /// # Errors
    /// As [`Call::enter`], too many open rooms, and `invalid` without a session.
    pub async fn open(&self, room: RoomId) -> Result<Entered<Read>, Error> {
        let session = self.session()?;
        self.check_may_open(room).await?;
        self.know_self().await?;
        let caller = Caller { attending: true, ..self.caller(room) };
        let _opening = match &self.services.nodes {
            Some(nodes) => Some(nodes.follow(room).await),
            None => None,
        };
        loop {
            let cell = self.services.rooms.loaded(room).await?;
            let Some(state) = cell.state() else { continue };
            authorise(&caller, &state, Read)?;
            if self.services.rooms.attach(&cell, session)?.is_none() {
                continue;
            }
            let state = cell.state().ok_or_else(not_now)?;
            return match authorise(&caller, &state, Read) {
                Ok(allowed) => Ok(Entered { cell, state, allowed }),
                Err(error) => {
                    self.services.rooms.detach(session, room);
                    Err(error)
                }
            };
        }
    }

    /// Makes sure that others can know the caller: the name is in memory, and the row is stored.
    pub(crate) async fn know_self(&self) -> Result<(), Error> {
        self.services.directory.find_stored(self.user()).await?;
        Ok(())
    }

    /// Gives a command to the owner of its room. It is in the room's queue when this returns, so that the
    /// commands of a session reach a room in their order.
    pub fn change<C: RoomCommand>(
        &self,
        command: C,
    ) -> impl Future<Output = Handled> + Send + 'static + use<C> {
        let room = command.room();
        let (caller, known) = (self.caller(room), self.is_known(room));
        let done = self.services.rooms.command(caller, known, Box::new(command));
        async move { Ok(Reply::Appended(done.await?.appended)) }
    }

    /// Whether memory knows that the caller may know of a room.
    fn is_known(&self, room: RoomId) -> bool {
        self.service.is_some()
            || self.asked.as_ref().is_some_and(|asked| asked.known)
            || self.services.people.is_in(&self.user, room)
            || self.session.as_ref().is_some_and(|session| session.has_open(room))
    }

    /// Keeps people from rooms that are not theirs before anything is read of the room: the answer
    /// and the work are the same as for a room that does not exist.
    ///
    /// # Errors
    /// `not_found`, and what the store says.
    pub async fn check_known(&self, room: RoomId) -> Result<(), Error> {
        if self.is_known(room) || self.is_listed(room).await? {
            return Ok(());
        }
        Err(no_such_room())
    }

    /// As [`Call::check_known`], but lets everyone into public rooms.
    ///
    /// # Errors
    /// As there.
    pub async fn check_may_open(&self, room: RoomId) -> Result<(), Error> {
        if self.is_known(room) {
            return Ok(());
        }
        let row = tables::get::<RoomRow>(&*self.services.store, RoomRow::key(&room)).await?;
        let public = row.is_some_and(|row| row.class == RoomClass::Public);
        if public || self.is_listed(room).await? { Ok(()) } else { Err(no_such_room()) }
    }

    /// Whether the store has the room among the caller's.
    async fn is_listed(&self, room: RoomId) -> Result<bool, Error> {
        let key = UserRoomRow::key(&self.user, &room);
        Ok(tables::get::<UserRoomRow>(&*self.services.store, key).await?.is_some())
    }

    /// The stamp of a row that only a room's owner writes, on the owner's node. Nodes write such a row one after
    /// the other, each with larger stamps than those before it, whatever their clocks say.
    ///
    /// # Errors
    /// `unavailable` if this node does not own the room by now, or has no stamps.
    pub(crate) fn owners_stamp(&self, room: RoomId) -> Result<Stamp, Error> {
        let stamp = self.services.stamps.next().map_err(StoreError::from)?;
        // Looked at after the stamp was taken: a shard is given up with a floor above all stamps taken before, and a
        // later one would win over what the next owner writes.
        match self.services.owners.owner_of(room) {
            Owner::Here { .. } => Ok(stamp),
            Owner::There { .. } | Owner::Nobody => Err(no_owner()),
        }
    }

    /// Keeps how the caller marks a message, and tells their sessions once it is kept, also when whoever asked
    /// has gone.
    ///
    /// # Errors
    /// Whether it did not happen, or the store did not say.
    pub async fn flag(&self, stamp: Stamp, row: FlagRow, flagged: Flagged) -> Result<(), Error> {
        let mut batch = Batch::partition(stamp);
        match flagged.on {
            true => batch.put(&row),
            false => {
                batch.delete::<FlagRow>(FlagRow::key(
                    &row.user,
                    &row.kind,
                    &row.room,
                    &row.position,
                ));
            }
        }
        self.write_own(batch, move |services, user| services.tell_flagged(user, &flagged)).await
    }

    /// Writes what is kept of the caller for themselves, and tells it once it is durable, also when whoever asked has
    /// gone.
    ///
    /// # Errors
    /// Whether it did not happen, or the store did not say.
    pub async fn write_own(
        &self,
        batch: Batch,
        tell: impl FnOnce(&Services, &UserId) + Send + 'static,
    ) -> Result<(), Error> {
        let (services, user) = (self.services.clone(), self.user.clone());
        let (done, written) = oneshot::channel();
        spawn(async move {
            let result = services.store.write(batch).await;
            if result.is_ok() {
                tell(&services, &user);
            }
            // Whoever waited may be gone.
            let _ = done.send(result);
        });
        let unknown = || StoreError::Unknown("the store did not answer in time".to_owned());
        match timeout(self.services.settings.store_timeout, written).await {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(_)) | Err(_) => Err(unknown().into()),
        }
    }

    /// Changes what is kept of the caller, and tells it once it is.
    ///
    /// # Errors
    /// Whether it did not happen, or the store did not say.
    pub async fn change_person(
        &self,
        change: impl FnOnce(&mut Person) + Send + 'static,
    ) -> Result<(), Error> {
        let services = self.services.clone();
        let told = move |person: &Person, parts: &[Part]| services.tell_settings(person, parts);
        self.services.directory.update(self.user(), change, told).await?;
        Ok(())
    }
}
