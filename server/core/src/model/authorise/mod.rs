//! The one authorisation point.
//!
//! [`authorise`] looks at who calls, in which room, and what they want, and gives an [`Allowed`]: a
//! proof that names all three. It cannot be made anywhere else, and every feature that reads or
//! changes a room consumes one, so a handler without the check does not compile:
//!
//! ```compile_fail,E0451
//! use caffis_schema::Position;
//! use caffis_core::model::{caller::Caller, authorise::{Allowed, Read}};
//! fn forge(caller: Caller) -> Allowed<Read> {
//!     Allowed { action: Read, caller, visible_after: Position(0) }
//! }
//! ```
//!
//! Who may not even know of a room gets `not_found`, exactly as if there were none.

mod invites;
mod members;
mod messages;
pub mod table;

use caffis_schema::{
    Error, ErrorCode, Position, UserId,
    room::{Role, RoomClass},
};

use self::table::{Permission, may};
pub use self::{invites::*, members::*, messages::*};
use super::{
    caller::{Caller, Rights},
    room::RoomState,
};

/// The proof that a caller may do something in a room.
#[derive(Debug)]
pub struct Allowed<A> {
    action: A,
    caller: Caller,
    visible_after: Position,
}

impl<A> Allowed<A> {
    /// What is allowed.
    #[must_use]
    pub fn action(&self) -> &A {
        &self.action
    }

    /// Who may do it.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The entries after this position are theirs to see.
    #[must_use]
    pub fn visible_after(&self) -> Position {
        self.visible_after
    }

    /// What is allowed, used up.
    #[must_use]
    pub fn into_action(self) -> A {
        self.action
    }
}

/// Something that can be wanted in a room.
pub trait Action {
    /// Whether this caller, who may know of the room, may do it. `role` is none for people who walked
    /// in and for services.
    ///
    /// # Errors
    /// Why not.
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error>;
}

/// Asks for permission.
///
/// # Errors
/// `not_found` for someone who may not know of the room, `forbidden` or a narrower code for what they
/// may not do in it.
pub fn authorise<A: Action>(
    caller: &Caller,
    room: &RoomState,
    action: A,
) -> Result<Allowed<A>, Error> {
    let member = room.member(&caller.user);
    if !may_know(caller, room) {
        return Err(no_such_room());
    }
    action.permits(caller, member.map(|m| m.role), room)?;
    let visible_after = member.map_or(Position::ZERO, |m| m.visible_after);
    Ok(Allowed { action, caller: caller.clone(), visible_after })
}

/// Whether a caller may know that there is such a room: members, people who walked in, and services.
/// Conversations and groups that people made among themselves are none of a service's business, unless
/// it may read everything.
#[must_use]
pub fn may_know(caller: &Caller, room: &RoomState) -> bool {
    match caller.service {
        Some(rights) => {
            let conversation = rights.keep_apart && room.meta.is_direct();
            // Only while it does nothing else: next to another right this would open that one.
            let imports = rights == Rights::IMPORT;
            rights.read_history || conversation || imports || !room.meta.is_made_by_people()
        }
        None => {
            let walked_in = room.meta.class == RoomClass::Public && caller.attending;
            walked_in || room.member(&caller.user).is_some()
        }
    }
}

/// The proof that a caller may ask about some people.
#[derive(Debug)]
pub struct AboutPeople(());

/// Asks for permission to ask about people: a service with the right may ask about anybody, and a person
/// about themselves.
///
/// # Errors
/// `forbidden` for everybody else.
pub fn authorise_about<'a>(
    user: &UserId,
    service: Option<Rights>,
    about: impl IntoIterator<Item = &'a UserId>,
) -> Result<AboutPeople, Error> {
    let may = match service {
        Some(rights) => rights.ask_about_people,
        None => about.into_iter().all(|about| about == user),
    };
    if may {
        return Ok(AboutPeople(()));
    }
    let sentence = "Only a service with this right may ask about other people.";
    Err(Error::refused(ErrorCode::Forbidden, sentence))
}

/// The proof that a caller may manage the webhooks of the chat. Only [`authorise_webhooks`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct ManageWebhooks(());

/// Whether a caller may see endpoints of webhooks and dead letters, and send those again: a service with that
/// right.
///
/// # Errors
/// `forbidden` for everybody else.
pub fn authorise_webhooks(service: Option<Rights>) -> Result<ManageWebhooks, Error> {
    if service.is_some_and(|rights| rights.manage_webhooks) {
        return Ok(ManageWebhooks(()));
    }
    let sentence = "Only a service with this right may manage webhooks.";
    Err(Error::refused(ErrorCode::Forbidden, sentence))
}

/// The proof that a caller may read which messages were reported. Only [`authorise_reports`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct ReadReports(());

/// Whether a caller may read which messages were reported: a service with that right.
///
/// # Errors
/// `forbidden` for everybody else.
pub fn authorise_reports(service: Option<Rights>) -> Result<ReadReports, Error> {
    if service.is_some_and(|rights| rights.read_reports) {
        return Ok(ReadReports(()));
    }
    let sentence = "Only a service with this right may read reports.";
    Err(Error::refused(ErrorCode::Forbidden, sentence))
}

/// The proof that a caller may import rooms and messages. Only [`authorise_import`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct MayImport(());

/// Whether a caller may import rooms and messages of the past: a service with that right.
///
/// # Errors
/// `forbidden` for everybody else.
pub fn authorise_import(service: Option<Rights>) -> Result<MayImport, Error> {
    if service.is_some_and(|rights| rights.import) {
        return Ok(MayImport(()));
    }
    let sentence = "Only a service with this right may import messages.";
    Err(Error::refused(ErrorCode::Forbidden, sentence))
}

/// The answer of a room that does not exist, or not for this person.
#[must_use]
pub fn no_such_room() -> Error {
    Error::refused(ErrorCode::NotFound, "There is no such room.")
}

fn forbidden(sentence: &str) -> Result<(), Error> {
    Err(Error::refused(ErrorCode::Forbidden, sentence))
}

/// Reading what people write: entries and markers. In a public room that is anyone's.
#[derive(Clone, Copy, Debug)]
pub struct Read;

impl Action for Read {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match caller.service {
            _ if room.meta.class == RoomClass::Public => Ok(()),
            Some(Rights { read_history: false, .. }) => {
                forbidden("This service may not read what people write.")
            }
            _ => Ok(()),
        }
    }
}

/// Reading what a room is and who is in it.
#[derive(Clone, Copy, Debug)]
pub struct ReadState;

impl Action for ReadState {
    fn permits(&self, caller: &Caller, _: Option<Role>, _: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(Rights { read_states: false, read_history: false, .. }) => {
                forbidden("This service may not read the state of rooms.")
            }
            _ => Ok(()),
        }
    }
}

/// Being part of what happens while the room is open: typing, markers.
#[derive(Clone, Copy, Debug)]
pub struct TakePart;

impl Action for TakePart {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(_) => forbidden("A service does not take part in rooms."),
            None => may(Permission::Write, role, room),
        }
    }
}

/// Keeping a marker: for members, whose unread count it moves.
#[derive(Clone, Copy, Debug)]
pub struct KeepMarker;

impl Action for KeepMarker {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(_) => forbidden("Only members keep markers."),
            None => may(Permission::KeepMarkers, role, room),
        }
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        EntryKind, List, RoomId, Text, Timestamp,
        event::Created,
        room::{Context, HistoryPolicy},
    };

    use super::*;
    use crate::model::room::RoomMeta;

    fn room(class: RoomClass, kind: &str) -> RoomState {
        let user = UserId::new("giulia").expect("an id");
        let context = Context { kind: Text::cut(kind), id: Text::cut("1") };
        let mut room = RoomState::new(RoomMeta {
            id: RoomId::from_random(1),
            class,
            context: context.clone(),
            name: None,
            creator: Some(user.clone()),
            created: Timestamp::ZERO,
            history: HistoryPolicy::All,
            description: None,
            changed: Position::ZERO,
        });
        let members = if class == RoomClass::Public { vec![] } else { vec![user.clone()] };
        let members = List::cut(members);
        let created = Created { by: Some(user), class, context, name: None, members };
        let kind = EntryKind::Created(created);
        room.apply(&caffis_schema::Entry { position: Position(1), time: Timestamp::ZERO, kind });
        room
    }

    fn code<A: Action>(
        name: &str,
        attending: bool,
        room: &RoomState,
        action: A,
    ) -> Option<ErrorCode> {
        let caller = Caller::person(UserId::new(name).expect("an id"), attending);
        authorise(&caller, room, action).err().map(|error| error.code)
    }

    #[test]
    fn who_may_not_know_of_a_room_hears_that_there_is_none() {
        let group = room(RoomClass::Social, "group");
        assert_eq!(code("giulia", false, &group, Read), None);
        for attending in [false, true] {
            assert_eq!(code("marco", attending, &group, Read), Some(ErrorCode::NotFound));
            assert_eq!(code("marco", attending, &group, Leave), Some(ErrorCode::NotFound));
        }
    }

    #[test]
    fn a_public_room_is_for_those_who_walked_in() {
        let cafe = room(RoomClass::Public, "cafe");
        assert_eq!(code("marco", false, &cafe, Read), Some(ErrorCode::NotFound));
        assert_eq!(code("marco", true, &cafe, Read), None);
        assert_eq!(code("marco", true, &cafe, Post { notice: false }), None);
        assert_eq!(code("marco", true, &cafe, KeepMarker), Some(ErrorCode::Forbidden));
        assert_eq!(code("marco", true, &cafe, AddMembers), Some(ErrorCode::RoomClass));
    }

    #[test]
    fn a_direct_conversation_keeps_its_people() {
        let direct = room(RoomClass::Social, "direct");
        assert_eq!(code("giulia", false, &direct, Leave), Some(ErrorCode::RoomClass));
    }

    #[test]
    fn people_ask_about_themselves_and_services_by_right() {
        let [giulia, marco] = ["giulia", "marco"].map(|name| UserId::new(name).expect("an id"));
        let asks = |service, about: &[&UserId]| {
            authorise_about(&giulia, service, about.iter().copied()).is_ok()
        };
        assert!(asks(None, &[&giulia]) && !asks(None, &[&giulia, &marco]));
        let right = Rights { ask_about_people: true, ..Rights::default() };
        assert!(asks(Some(right), &[&marco]));
        assert!(!asks(Some(Rights::USUAL), &[&marco]) && !asks(Some(Rights::USUAL), &[&giulia]));
    }

    #[test]
    fn the_proof_names_the_caller_and_what_is_visible() {
        let group = room(RoomClass::Social, "group");
        let caller = Caller::person(UserId::new("giulia").expect("an id"), false);
        let allowed = authorise(&caller, &group, Post { notice: false }).expect("a member");
        assert_eq!((allowed.caller(), allowed.visible_after()), (&caller, Position::ZERO));
        assert!(!allowed.into_action().notice);
    }
}
