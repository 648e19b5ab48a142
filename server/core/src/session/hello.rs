//! The beginning of a session: who is it, what may they see, where were they.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_schema::{
    CloseCode, Error, ErrorCode, List, PROTOCOL_VERSION, RoomId, SessionId, Timestamp, UserId,
    command::Hello,
    limits::{FRAME_BYTES, PAGE_ROOMS, TEXT_BYTES},
    reply::Welcome,
    room::Availability,
};

use futures_util::future::try_join5;

use super::siblings;
use crate::{
    call::Call,
    directory::Person,
    features::{resume, room_list},
    flags::hidden_of,
    hub::{outbound::Outbound, people::SessionHandle, presence_state::PresenceState},
    memberships::rooms_of,
    model::page,
    placements::placements_of,
    ports::{
        authenticator::{Identity, TokenError},
        entropy,
    },
    relations,
    services::Services,
    sync::{lock, spawn},
    tables::{self, RevocationRow},
};

/// What the rooms and the missed entries in the answer to hello may take together, so that it fits in
/// a frame with the one entry that a budget may be exceeded by.
const WELCOME_BYTES: usize = FRAME_BYTES - TEXT_BYTES - 8 * 1024;

/// Why a hello was refused: what to answer, and with which code to close.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: Error,
    pub(super) close: CloseCode,
}

/// A session that others can see. However it goes away, dropping this takes it out again.
pub(super) struct Registered {
    pub(super) services: Services,
    pub(super) session: Arc<SessionHandle>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        end(&self.services, &self.session);
    }
}

/// A session that is open.
pub(super) struct Opened {
    pub(super) session: Registered,
    pub(super) token_left: Duration,
}

/// Who a token speaks for, unless their sessions were ended since it was made.
pub(super) async fn identify(services: &Services, token: &str) -> Result<Identity, Refused> {
    let identity = services.authenticator.identify(token).await.map_err(refuse_token)?;
    check_revocation(services, &identity).await.map_err(|error| {
        let close = match error.code {
            ErrorCode::TokenRevoked => CloseCode::Revoked,
            _ => CloseCode::Internal,
        };
        Refused { error, close }
    })?;
    Ok(identity)
}

/// The person that a token speaks for, made when they are not known; whether others have to hear of a
/// changed profile.
///
/// # Errors
/// The account was deleted, and what the store says.
pub(super) async fn sign_in(
    services: &Services,
    identity: &Identity,
) -> Result<(Arc<Person>, bool), Error> {
    let (person, changed) = services.directory.sign_in(identity, services.clock.now()).await?;
    if person.is_deleted() {
        let sentence = "This account was deleted.";
        return Err(Error::refused(ErrorCode::TokenRevoked, sentence));
    }
    Ok((person, changed))
}

async fn check_revocation(services: &Services, identity: &Identity) -> Result<(), Error> {
    let key = RevocationRow::key(&identity.user);
    let row = tables::get::<RevocationRow>(&*services.store, key).await;
    if row?.is_some_and(|row| identity.issued < row.before) {
        let sentence = "This person's sessions were ended: sign in again.";
        return Err(Error::refused(ErrorCode::TokenRevoked, sentence));
    }
    Ok(())
}

fn refuse_token(error: TokenError) -> Refused {
    let sentence = error.to_string();
    let (error, close) = match error {
        TokenError::Invalid(_) => {
            (Error::refused(ErrorCode::TokenInvalid, &sentence), CloseCode::Unauthenticated)
        }
        TokenError::Expired => {
            (Error::refused(ErrorCode::TokenExpired, &sentence), CloseCode::TokenExpired)
        }
        TokenError::Unavailable(_) => {
            (Error::later(ErrorCode::Unavailable, &sentence, 2_000), CloseCode::Internal)
        }
    };
    Refused { error, close }
}

/// For how long a token is good.
pub(super) fn token_left(expires: Timestamp, now: Timestamp) -> Duration {
    expires.elapsed_since(now)
}

/// Opens a session, and gives the answer to hello: registers first and reads second, so that nothing falls
/// between.
pub(super) async fn open(
    services: &Services,
    hello: Hello,
    outbound: Outbound,
) -> Result<(Opened, Welcome), Refused> {
    if hello.version == 0 {
        let error = Error::refused(ErrorCode::VersionUnsupported, "Versions begin with 1.");
        return Err(Refused { error, close: CloseCode::Version });
    }
    let identity = identify(services, &hello.token).await?;
    let session = Arc::new(SessionHandle {
        id: SessionId(entropy::bytes(&*services.entropy)),
        user: identity.user.clone(),
        service: identity.service,
        token_issued: AtomicU64::new(identity.issued.get()),
        outbound,
        open: Mutex::new(BTreeSet::new()),
        ended: AtomicBool::new(false),
    });
    let session = Registered { services: services.clone(), session };
    let welcome = enter(&session, &identity, &hello).await.map_err(|error| {
        let close = match error.code {
            ErrorCode::LimitReached => CloseCode::TooManyConnections,
            ErrorCode::TokenRevoked => CloseCode::Revoked,
            _ => CloseCode::Internal,
        };
        Refused { error, close }
    })?;
    let token_left = token_left(identity.expires, services.clock.now());
    Ok((Opened { session, token_left }, welcome))
}

async fn enter(
    registered: &Registered,
    identity: &Identity,
    hello: &Hello,
) -> Result<Welcome, Error> {
    let Registered { services, session } = registered;
    let call = Call::of_session(services.clone(), session.clone());
    let (person, changed) = sign_in(services, identity).await?;
    let known = || {
        let status = person.status.clone();
        PresenceState::offline(status, person.private_receipts, person.last_seen)
    };
    services.people.add(session, &services.settings, known)?;
    if let Some(nodes) = &services.nodes {
        nodes.welcome(&session.user).await;
    }
    let rooms = read(services, session, identity).await?;
    let missed = services.people.list_rooms(&session.user, rooms.iter().cloned());
    siblings::tell_others(services, session, missed);
    if let Some(nodes) = &services.nodes {
        nodes.enter(&session.user, rooms).await;
    }

    let (rooms, more_rooms) = room_list::list(&call, None, None, PAGE_ROOMS).await?;
    let taken: usize = rooms.iter().map(page::summary_size).sum();
    let resumed = resume::all(&call, &hello.cursors, WELCOME_BYTES.saturating_sub(taken)).await;
    if changed {
        services.tell_profile(&person);
    }
    if session.service.is_none() {
        let now = services.clock.now();
        let presence = services.people.set_availability(session, Availability::Online, now);
        if let Some(presence) = presence {
            services.tell_presence(&presence, Some(session.id));
        }
    }
    let user = &session.user;
    Ok(Welcome {
        version: hello.version.min(PROTOCOL_VERSION),
        session: session.id,
        profile: person.profile.clone(),
        own: services.people.own(user).unwrap_or_else(|| known().own(user)),
        server_time: services.clock.now(),
        token_expires: identity.expires,
        limits: services.settings.limits(),
        rooms: List::cut(rooms),
        more_rooms,
        resumed: List::cut(resumed),
    })
}

/// Reads what belongs to a person, now that a session is found by what changes: whom they are kept apart from,
/// and the rooms that they are in, of direct conversations with whom.
async fn read(
    services: &Services,
    session: &SessionHandle,
    identity: &Identity,
) -> Result<Vec<(RoomId, Option<UserId>)>, Error> {
    let (store, user) = (&*services.store, &session.user);
    let rows = rooms_of(store, &services.settings, user);
    let apart = async {
        if session.service.is_none() {
            services.people.apart().begin(user);
            for (other, changes, apart) in relations::of(store, user).await? {
                services.people.apart().set(user, &other, changes, apart);
            }
        }
        Ok(())
    };
    let hidden = async {
        if session.service.is_none() {
            services.people.hidden().begin(user);
            services.people.hidden().add(user, &hidden_of(store, user).await?);
        }
        Ok(())
    };
    let placements = async {
        if session.service.is_none() {
            services.people.placements().begin(user);
            services.people.placements().add(user, &placements_of(store, user).await?);
        }
        Ok(())
    };
    // The revocation once more: one may have come in between.
    let revocation = check_revocation(services, identity);
    let rows = async { Ok(rows.await?) };
    let (rows, (), (), (), ()) = try_join5(rows, apart, hidden, placements, revocation).await?;
    Ok(rows.into_iter().map(|row| (row.room, row.peer)).collect())
}

/// Ends a session: nothing reaches it any more, and a moment later others hear that the person went,
/// if no other session of theirs came.
fn end(services: &Services, session: &Arc<SessionHandle>) {
    if session.ended.swap(true, Ordering::AcqRel) {
        return;
    }
    let open: Vec<_> = lock(&session.open).iter().copied().collect();
    for room in open {
        services.rooms.detach(session, room);
    }
    let now = services.clock.now();
    let last = services.people.end_availability(session, now);
    services.people.remove(session);
    if !last {
        if let Some(presence) = services.people.settle(&session.user, now) {
            services.tell_presence(&presence, None);
        }
        return;
    }
    // Someone who is connected elsewhere is as available as they are there, until the moment is over.
    if let Some(presence) = services.people.follow_elsewhere(&session.user, now) {
        services.tell_presence(&presence, None);
    }
    let (services, session) = (services.clone(), session.clone());
    spawn(async move {
        tokio::time::sleep(services.settings.offline_grace).await;
        let user = &session.user;
        if !services.people.sessions(user).is_empty() {
            return;
        }
        // A failure here costs a "last seen", nothing else.
        let _ = services.directory.went(user, now).await;
        if let Some(presence) = services.people.settle(user, services.clock.now()) {
            services.tell_presence(&presence, None);
        }
        forget(&services, user);
    });
}

/// Forgets a person who has no session here any more.
fn forget(services: &Services, user: &UserId) {
    let rooms = services.people.forget(user);
    if let (Some(nodes), Some(rooms)) = (&services.nodes, rooms) {
        nodes.forget(user, rooms.iter().map(|(room, peer)| (*room, peer.clone())));
        // Of small rooms of other nodes there were views for this person's sake.
        for room in rooms.into_keys() {
            services.views.close_if_empty(room);
        }
    }
}
