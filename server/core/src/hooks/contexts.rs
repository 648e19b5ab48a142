//! Events of what rooms are about, as the commands of a service: the room is found or made, then it is told
//! its details, how it stands and who belongs to it. Both may be repeated, so an event that was cut short is
//! completed by its resend.

use std::time::Duration;

use caffis_schema::{
    ClientId, Command, Error, ErrorCode, List, Position, Reply, RoomId, Text, UserId,
    command::{EnsureRoom, SetContext},
    hooks::{
        HookAnswer, HookEvent, HookResult,
        contexts::{BusinessOpened, BusinessParticipant, EventPlace, Meetup},
        values::Version,
    },
    limits::USERS_PER_COMMAND,
    open::Empty,
    room::{
        ClientKey, Context, ContextStatus, Details, HistoryPolicy, Participant, Place, RoomClass,
    },
};

use crate::{
    call::Call,
    dispatch::dispatch,
    errors::owner_stopped,
    features::create,
    model::{caller::Rights, delivery::Delivery, text},
    ports::entropy,
    services::Services,
};

/// How long after it happened an event waits for the one that makes its room: its sender sends it again.
const GAP_WAIT: Duration = Duration::from_secs(3_600);

/// How long the sender should wait before that, in milliseconds.
const GAP_RETRY_MS: u32 = 5_000;

/// Participants, each with their role.
type Participants = List<Participant, USERS_PER_COMMAND>;

/// An event, taken apart.
struct Told {
    class: RoomClass,
    version: Version,
    /// It makes the room if there is none.
    makes: bool,
    details: Option<Details>,
    status: Option<ContextStatus>,
    participants: Option<Participants>,
    remove_others: bool,
}

/// Does an event.
///
/// # Errors
/// What is wrong with it, and what keeps it from being done now.
pub(super) async fn apply(services: &Services, delivery: &Delivery) -> Result<HookAnswer, Error> {
    let (Some((kind, id)), Some(told)) = (delivery.event.context(), told(&delivery.event)) else {
        return Err(Error::refused(ErrorCode::Internal, "This event is about no room."));
    };
    let context = Context { kind: Text::cut(kind), id: Text::cut(id) };
    let is_empty = told.participants.as_ref().is_some_and(|participants| participants.is_empty());
    let known = create::find_claim(services, &context).await?.is_some();
    if is_empty && (told.remove_others || !known) {
        return Err(Error::refused(ErrorCode::Invalid, "The event names no participants."));
    }
    if !known && !told.makes {
        return Err(too_early(services, delivery, kind));
    }
    let caller = UserId::new(&format!("hook:{}", delivery.source));
    let caller = caller.map_err(|error| Error::refused(ErrorCode::Invalid, &error.to_string()))?;
    let call = Call::without_session(services.clone(), caller, Some(Rights::USUAL));
    let room = ensure(&call, context, &told).await?;
    let set = SetContext {
        key: ClientKey {
            id: ClientId(entropy::bytes(&*services.entropy)),
            time: services.clock.now(),
            head: Position::ZERO,
        },
        room,
        version: told.version.get(),
        details: told.details,
        status: told.status,
        participants: told.participants.filter(|_| !is_empty),
        remove_others: told.remove_others,
    };
    let (result, version) = match dispatch(call, Command::SetContext(set)).await {
        Ok(_) => (HookResult::Applied, Some(told.version.get())),
        Err(error) if error.code == ErrorCode::Outdated => (HookResult::Ignored, None),
        Err(error) => return Err(error),
    };
    Ok(HookAnswer { result, version, room: Some(room) })
}

/// Events may overtake each other; one whose room never comes is not waited for forever.
fn too_early(services: &Services, delivery: &Delivery, kind: &str) -> Error {
    let sentence = format!("Nothing is known of this {kind}: the event that opens it comes first.");
    if services.clock.now().elapsed_since(delivery.time) < GAP_WAIT {
        Error::later(ErrorCode::Unavailable, &sentence, GAP_RETRY_MS)
    } else {
        Error::refused(ErrorCode::NotFound, &sentence)
    }
}

/// Finds or makes the room, with the participants as its first members.
async fn ensure(call: &Call, context: Context, told: &Told) -> Result<RoomId, Error> {
    let members = told.participants.iter().flat_map(|participants| participants.iter());
    let command = EnsureRoom {
        context,
        class: told.class,
        name: told.details.as_ref().and_then(|details| details.title.clone()),
        members: List::cut(members.map(|participant| participant.user.clone()).collect()),
        history: HistoryPolicy::All,
    };
    match dispatch(call.clone(), Command::EnsureRoom(command)).await? {
        Reply::Room(summary) => Ok(summary.room),
        _ => Err(owner_stopped()),
    }
}

fn told(event: &HookEvent) -> Option<Told> {
    let ended = |class, version, status| Told {
        class,
        version,
        makes: false,
        details: None,
        status: Some(status),
        participants: None,
        remove_others: false,
    };
    let closed = || ContextStatus::Closed(Empty {});
    Some(match event {
        HookEvent::UserUpserted(_)
        | HookEvent::UserDeleted(_)
        | HookEvent::RelationshipBlocked(_)
        | HookEvent::RelationshipUnblocked(_)
        | HookEvent::RelationshipDisconnected(_) => return None,
        HookEvent::InvitationAccepted(event) | HookEvent::MeetupUpdated(event) => meetup(event),
        HookEvent::MeetupCancelled(event) => {
            ended(RoomClass::Social, event.version, ContextStatus::Cancelled(Empty {}))
        }
        HookEvent::MatchCreated(event) => Told {
            details: Some(Details { title: title(event.title.as_ref()), ..Details::default() }),
            participants: Some(people(&event.participants)),
            ..opened(RoomClass::Social, event.version)
        },
        HookEvent::MatchEnded(event) => ended(RoomClass::Social, event.version, closed()),
        HookEvent::BookingOpened(event) | HookEvent::DisputeOpened(event) => business(event),
        HookEvent::BookingParticipants(event) => Told {
            class: RoomClass::Evidence,
            version: event.version,
            makes: false,
            details: None,
            status: None,
            participants: Some(roles(&event.participants)),
            remove_others: true,
        },
        HookEvent::BookingClosed(event) | HookEvent::DisputeClosed(event) => {
            ended(RoomClass::Evidence, event.version, closed())
        }
        HookEvent::CafeOpened(event) => Told {
            details: Some(Details {
                title: title(event.title.as_ref()),
                place: event.place.as_ref().map(place),
                time_zone: event.time_zone.as_ref().map(|zone| Text::cut(zone)),
                photos: List::cut(event.photos.iter().map(|photo| Text::cut(photo)).collect()),
                ..Details::default()
            }),
            ..opened(RoomClass::Public, event.version)
        },
        HookEvent::CafeClosed(event) => ended(RoomClass::Public, event.version, closed()),
    })
}

/// Something that goes on, of which nothing is told yet.
fn opened(class: RoomClass, version: Version) -> Told {
    Told {
        class,
        version,
        makes: true,
        details: None,
        status: Some(ContextStatus::Open(Empty {})),
        participants: None,
        remove_others: false,
    }
}

fn meetup(event: &Meetup) -> Told {
    let details = Details {
        title: title(event.title.as_ref()),
        place: event.place.as_ref().map(place),
        time: event.time.map(|time| time.0),
        ends: event.ends.map(|time| time.0),
        time_zone: event.time_zone.as_ref().map(|zone| Text::cut(zone)),
        photos: List::cut(event.photos.iter().map(|photo| Text::cut(photo)).collect()),
    };
    let participants = Some(people(&event.participants));
    Told { details: Some(details), participants, ..opened(RoomClass::Social, event.version) }
}

fn business(event: &BusinessOpened) -> Told {
    let details = Details {
        title: title(event.title.as_ref()),
        place: event.place.as_ref().map(place),
        time: event.time.map(|time| time.0),
        ends: event.ends.map(|time| time.0),
        time_zone: event.time_zone.as_ref().map(|zone| Text::cut(zone)),
        photos: List::default(),
    };
    Told {
        details: Some(details),
        participants: Some(roles(&event.participants)),
        remove_others: true,
        ..opened(RoomClass::Evidence, event.version)
    }
}

/// A text from elsewhere as people see it, without characters that only deceive.
fn title<const N: usize>(text: Option<&Text<N>>) -> Option<Text<N>> {
    text.and_then(|text| text::clean_name(text))
}

fn place(place: &EventPlace) -> Place {
    let coordinates = place
        .coordinates
        .as_ref()
        .map(|at| Text::cut(&format!("{},{}", at.latitude.to_text(), at.longitude.to_text())));
    let (name, address) = (title(place.name.as_ref()), title(place.address.as_ref()));
    Place { name, address, coordinates }
}

fn people(users: &[UserId]) -> Participants {
    let people = users.iter().map(|user| Participant { user: user.clone(), role: None });
    List::cut(people.collect())
}

fn roles(participants: &[BusinessParticipant]) -> Participants {
    let people = participants
        .iter()
        .map(|one| Participant { user: one.user.clone(), role: Some(Text::cut(&one.role)) });
    List::cut(people.collect())
}
