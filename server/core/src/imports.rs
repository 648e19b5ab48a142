//! Importing rooms and messages of the past, for REST: rooms are made as those of contexts are, and each room's messages
//! go to its owner.

use std::collections::BTreeSet;

use caffis_schema::{
    Error, ErrorCode, List, RoomId, Text, UserId,
    imports::{ImportMessage, ImportRoom, RoomReference},
    limits::USERS_PER_COMMAND,
    room::{Context, HistoryPolicy, RoomClass},
};

use crate::{
    Core,
    call::Call,
    errors::owner_stopped,
    features::{create, import},
    inquiries::Inquirer,
    model::{
        authorise::{authorise_import, no_such_room},
        caller::Rights,
        imports::Hashed,
        info::check_history,
        room::{DIRECT, GROUP, direct_context},
        text,
    },
    peers::questions::{Answered, Question},
    relations::check_reachable,
    room::RoomPlan,
    tables::{self, RoomRow},
};

impl Core {
    /// Whether somebody may import.
    ///
    /// # Errors
    /// `forbidden` for who may not.
    pub fn may_import(&self, by: &Inquirer) -> Result<(), Error> {
        authorise_import(by.service).map(|_| ())
    }

    /// Makes a room unless it is there; says whether it is new.
    ///
    /// # Errors
    /// What is wrong with it, people who are kept apart, and whether it may have been made.
    pub async fn import_room(&self, by: &Inquirer, room: ImportRoom) -> Result<bool, Error> {
        self.may_import(by)?;
        make_room(&self.importer(by), room).await
    }

    /// The room that a message of an import names.
    ///
    /// # Errors
    /// `not_found` if there is none.
    pub async fn find_imported(
        &self,
        by: &Inquirer,
        room: &RoomReference,
    ) -> Result<RoomId, Error> {
        self.may_import(by)?;
        find_room(&self.importer(by), room).await
    }

    /// Adds messages to a room, in their order; says of each whether it is new, or why it was not added.
    pub async fn import_messages(
        &self,
        by: &Inquirer,
        room: RoomId,
        messages: Vec<ImportMessage>,
    ) -> Vec<Result<bool, Error>> {
        let count = messages.len();
        let refused = |error: Error| vec![Err(error); count];
        if let Err(error) = self.may_import(by) {
            return refused(error);
        }
        let call = self.importer(by);
        let (nodes, node) = match call.owner_elsewhere(room) {
            Ok(Some(elsewhere)) => elsewhere,
            Ok(None) => return import::into_room(&call, room, messages).await,
            Err(error) => return refused(error),
        };
        match nodes.ask(node, &Question::Import(by.user.clone(), room, messages)).await {
            Ok(Answered::Imported(done)) if done.len() == count => done,
            Ok(_) => refused(owner_stopped()),
            Err(error) => refused(error),
        }
    }

    fn importer(&self, by: &Inquirer) -> Call {
        self.caller(&by.user, Some(Rights::IMPORT))
    }
}

/// A room of an import, made unless it is there; says whether it is new.
///
/// # Errors
/// What is wrong with the line, people who are not known or are kept apart, `room_class` if there is one of another
/// class.
async fn make_room(call: &Call, line: ImportRoom) -> Result<bool, Error> {
    let plan = import_plan(call, line)?;
    let services = &call.services;
    let known = create::find_claim(services, &plan.context).await?;
    if let Some(claim) = &known
        && let Some(row) =
            tables::get::<RoomRow>(&*services.store, RoomRow::key(&claim.room)).await?
    {
        return match row.class == plan.class {
            true => Ok(false),
            false => Err(create::other_class(row.class)),
        };
    }
    // Of a room among people its members are told, and no service.
    let (member, wanted) = (plan.creator.clone(), plan.class);
    let pair = match (&*plan.context.kind, &plan.members[..]) {
        (DIRECT, [one, other]) => Some((one.clone(), other.clone())),
        _ => None,
    };
    if let Some((one, other)) = &pair {
        check_reachable(&*services.store, one, other).await?;
    }
    let claim = match known {
        Some(claim) => claim,
        None => create::claim(call, &plan).await?,
    };
    if let Some((one, other)) = &pair {
        // Once more: whoever keeps the two apart finds the claim from now on, and closes the room.
        check_reachable(&*services.store, one, other).await?;
    }
    let by = match member {
        Some(member) => Call::without_session(services.clone(), member, None),
        None => Call::without_session(services.clone(), call.user().clone(), Some(Rights::USUAL)),
    };
    let plan = Some(Box::new(create::decode_plan(&claim)?));
    create::ensure_at_owner(&by, claim.room, plan, Some(wanted)).await?;
    Ok(true)
}

/// The plan of a room that is imported.
fn import_plan(call: &Call, line: ImportRoom) -> Result<RoomPlan, Error> {
    let ImportRoom { room, class, name, members, owner, history } = line;
    let invalid = |sentence| Err(Error::refused(ErrorCode::Invalid, sentence));
    let context = import_context(call.user(), &room)?;
    let history = history.unwrap_or(HistoryPolicy::All);
    check_history(history)?;
    if let Some(name) = &name {
        text::check_name(name)?;
    }
    let mut people: BTreeSet<UserId> = members.into_iter().collect();
    let class = class.unwrap_or(RoomClass::Social);
    let creator = match (&room, owner) {
        (RoomReference::Group(_), Some(owner)) if name.is_some() => {
            people.insert(owner.clone());
            Some(owner)
        }
        (RoomReference::Group(_), _) => return invalid("A group has a name and an owner."),
        (_, Some(_)) => return invalid("Only a group has an owner."),
        (RoomReference::Direct(pair), None) if people.is_empty() && name.is_none() => {
            people = pair.iter().cloned().collect();
            pair.first().cloned()
        }
        (RoomReference::Direct(_), None) => {
            return invalid(
                "A direct conversation has no name, and no members but its two people.",
            );
        }
        (_, None) => None,
    };
    if creator.is_some() && class != RoomClass::Social {
        return invalid("Groups and direct conversations are social.");
    }
    if let RoomClass::Public = class {
        people.clear();
    }
    if people.len() > USERS_PER_COMMAND {
        let sentence = "A line has 100 members at most, the owner included.";
        return Err(Error::refused(ErrorCode::LimitReached, sentence));
    }
    let members = List::cut(people.into_iter().collect());
    Ok(RoomPlan { context, class, name, creator, members, history })
}

/// The context of a room that is imported by a service.
///
/// # Errors
/// `invalid` for what names none.
fn import_context(service: &UserId, room: &RoomReference) -> Result<Context, Error> {
    let invalid = |sentence| Err(Error::refused(ErrorCode::Invalid, sentence));
    match room {
        RoomReference::Id(_) => invalid("A room is made for a context, two people, or a group."),
        RoomReference::Context(context) => {
            if matches!(&*context.kind, DIRECT | GROUP) {
                return invalid("Direct conversations and groups have references of their own.");
            }
            create::check_context(context)?;
            Ok(context.clone())
        }
        RoomReference::Direct(pair) => match &pair[..] {
            [one, other] if one != other => Ok(direct_context(one, other)),
            _ => invalid("A direct conversation is between two different people."),
        },
        RoomReference::Group(id) if id.is_empty() => invalid("The id of a group is empty."),
        // What people make begins with a client id.
        RoomReference::Group(id) => {
            let id = Text::cut(&format!("import:{}:{service}", Hashed::of(id).id));
            Ok(Context { kind: Text::cut(GROUP), id })
        }
    }
}

/// The room that a line of an import means.
///
/// # Errors
/// `not_found` if there is none.
async fn find_room(call: &Call, room: &RoomReference) -> Result<RoomId, Error> {
    let store = &*call.services.store;
    let room = match room {
        RoomReference::Id(room) => *room,
        room => {
            let context = import_context(call.user(), room)?;
            create::find_claim(&call.services, &context).await?.ok_or_else(no_such_room)?.room
        }
    };
    let found = tables::get::<RoomRow>(store, RoomRow::key(&room)).await?;
    found.map(|_| room).ok_or_else(no_such_room)
}
