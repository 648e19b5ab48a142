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

use caffis_schema::{
    Error, ErrorCode, Position, UserId,
    room::{Role, RoomClass},
};

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
            rights.read_history || conversation || !room.meta.is_made_by_people()
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

/// Sending a message; `notice` for words of the service.
#[derive(Clone, Copy, Debug)]
pub struct Post {
    /// Whether it is a notice.
    pub notice: bool,
}

impl Action for Post {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match (self.notice, caller.service) {
            (true, None) => forbidden("Only a service may write notices."),
            (false, Some(_)) => forbidden("A service writes notices, not a person's messages."),
            (true, Some(Rights { write_notices: false, .. })) => {
                forbidden("This service may not write notices.")
            }
            (false, None) if room.is_closed() => forbidden("This room is closed."),
            _ => Ok(()),
        }
    }
}

/// Changing the words of a message, which is its author's.
#[derive(Clone, Debug)]
pub struct EditMessage {
    /// Who wrote it.
    pub author: Option<UserId>,
}

impl Action for EditMessage {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        if room.meta.class == RoomClass::Evidence {
            let sentence = "Nothing in this room is ever changed.";
            return Err(Error::refused(ErrorCode::RoomClass, sentence));
        }
        if !is_author(caller, self.author.as_ref()) {
            return forbidden("Only who wrote a message may edit it.");
        }
        if room.is_closed() { forbidden("This room is closed.") } else { Ok(()) }
    }
}

/// Deleting a message for everyone: for its author, and for those who moderate.
#[derive(Clone, Debug)]
pub struct DeleteMessage {
    /// Who wrote it; none for a service.
    pub author: Option<UserId>,
}

impl Action for DeleteMessage {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let notice = self.author.is_none() && caller.service.is_none();
        if notice || !(moderates(caller, room) || is_author(caller, self.author.as_ref())) {
            return forbidden("Only who wrote a message and those who moderate may delete it.");
        }
        if caller.service.is_none() && room.is_closed() {
            return forbidden("This room is closed.");
        }
        Ok(())
    }
}

/// Reacting to a message: for people who may write.
#[derive(Clone, Copy, Debug)]
pub struct ReactTo;

impl Action for ReactTo {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(_) => forbidden("A service does not react to messages."),
            None if room.is_closed() => forbidden("This room is closed."),
            None => Ok(()),
        }
    }
}

/// Reading what a message said before it was edited: for its author, and for those who moderate.
#[derive(Clone, Debug)]
pub struct ReadRevisions {
    /// Who wrote it.
    pub author: Option<UserId>,
}

impl Action for ReadRevisions {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let reads = caller.service.is_some_and(|rights| rights.read_history);
        let moderates = caller.service.is_none() && moderates(caller, room);
        if reads || moderates || is_author(caller, self.author.as_ref()) {
            Ok(())
        } else {
            forbidden("Only who wrote a message and those who moderate see what it said before.")
        }
    }
}

/// Whether somebody looks after what others write in a room: its admins and owners, and a service that
/// manages members, unless people made the room among themselves.
#[must_use]
pub fn moderates(caller: &Caller, room: &RoomState) -> bool {
    match caller.service {
        Some(rights) => rights.manage_members && !room.meta.is_made_by_people(),
        None => room.member(&caller.user).is_some_and(|member| member.role >= Role::Admin),
    }
}

fn is_author(caller: &Caller, author: Option<&UserId>) -> bool {
    caller.service.is_none() && author == Some(&caller.user)
}

/// Being part of what happens while the room is open: typing, markers.
#[derive(Clone, Copy, Debug)]
pub struct TakePart;

impl Action for TakePart {
    fn permits(&self, caller: &Caller, _: Option<Role>, _: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(_) => forbidden("A service does not take part in rooms."),
            None => Ok(()),
        }
    }
}

/// Keeping a marker: for members, whose unread count it moves.
#[derive(Clone, Copy, Debug)]
pub struct KeepMarker;

impl Action for KeepMarker {
    fn permits(&self, _: &Caller, role: Option<Role>, _: &RoomState) -> Result<(), Error> {
        if role.is_some() { Ok(()) } else { forbidden("Only members keep markers.") }
    }
}

/// Adding members.
#[derive(Clone, Copy, Debug)]
pub struct AddMembers;

impl Action for AddMembers {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        fixed_members(room)?;
        if manages(caller) || role >= Some(Role::Admin) {
            Ok(())
        } else {
            forbidden("Only an owner or an admin may add members.")
        }
    }
}

/// Removing someone else.
#[derive(Clone, Debug)]
pub struct RemoveMember {
    /// Whom.
    pub user: UserId,
}

impl Action for RemoveMember {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        fixed_members(room)?;
        let target = room.member(&self.user).map(|member| member.role);
        if manages(caller) || (role >= Some(Role::Admin) && target <= role) {
            Ok(())
        } else {
            forbidden("Only an owner or an admin may remove members, and no one above their role.")
        }
    }
}

/// Changing a role.
#[derive(Clone, Debug)]
pub struct SetRole {
    /// Whose.
    pub user: UserId,
    /// To what.
    pub role: Role,
}

impl Action for SetRole {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        fixed_members(room)?;
        let target = room.member(&self.user).map(|member| member.role);
        let below = target < Some(Role::Owner) && self.role < Role::Owner;
        let permitted = match role {
            _ if manages(caller) => true,
            Some(Role::Owner) => true,
            Some(Role::Admin) => below,
            _ => false,
        };
        if permitted { Ok(()) } else { forbidden("This role is not yours to give or to take.") }
    }
}

/// Leaving.
#[derive(Clone, Copy, Debug)]
pub struct Leave;

impl Action for Leave {
    fn permits(&self, _: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        fixed_members(room)?;
        if role.is_some() { Ok(()) } else { forbidden("Only a member can leave.") }
    }
}

/// Telling what a room is about, and who belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct SetContext;

impl Action for SetContext {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let keeps_apart = caller.service.is_some_and(|rights| rights.keep_apart);
        if keeps_apart && room.meta.is_direct() {
            return Ok(());
        }
        if room.meta.is_made_by_people() || !manages(caller) {
            return forbidden("Only a service tells what a room is about.");
        }
        Ok(())
    }
}

/// Whether the caller is a service that manages members.
fn manages(caller: &Caller) -> bool {
    caller.service.is_some_and(|rights| rights.manage_members)
}

/// Direct conversations keep their two people.
fn fixed_members(room: &RoomState) -> Result<(), Error> {
    if room.meta.is_direct() {
        let sentence = "A direct conversation keeps its two people.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    if room.meta.class == RoomClass::Public {
        let sentence = "A public room has no members: people walk in and out.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    Ok(())
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
