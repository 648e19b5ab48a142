//! The catalogue of errors: of each code the status over REST, where it comes from, what to do, and whether the same
//! may be sent again. docs/errors.md and the page that problems link to are made from it.

use crate::error::ErrorCode;

/// Whether it helps to send the same again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// No: something has to change first.
    Never,
    /// Yes, after the time that the answer names, with the same key.
    Later,
    /// If the answer names a time: then after it, with the same key.
    IfTold,
    /// Yes, once there is a new token or key.
    NewToken,
}

impl Retry {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Never => "No.",
            Self::Later => "Yes, after `retry_after_ms`, with the same key.",
            Self::IfTold => {
                "If the answer has `retry_after_ms`: after that time, with the same key. Else no."
            }
            Self::NewToken => "Yes, with a new token or key.",
        }
    }
}

/// What is known of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The code, as it travels.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// The statuses over HTTP of what did not happen, the usual one first; none of what does not come over HTTP.
    pub statuses: &'static [u16],
    /// What mostly causes it.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
    /// Whether it helps to send the same again.
    pub retry: Retry,
}

/// The status of any error of which nobody knows whether it happened.
pub const UNKNOWN_STATUS: u16 = 504;

impl ErrorCode {
    /// The catalogue's line about this code; of one that is newer than this build, that of `internal`.
    #[must_use]
    pub const fn explained(self) -> Explained {
        use Retry::{IfTold, Later, Never, NewToken};
        let (statuses, cause, cure, retry): (&'static [u16], _, _, _) = match self {
            Self::Malformed => (
                &[400, 408, 413, 415],
                "A client that was not made from this version of the schema; over REST a body that is no JSON, has a \
                 field too many or too few, or did not come whole.",
                "Correct the client. The sentence says which part could not be read.",
                Never,
            ),
            Self::UnknownCommand => (
                &[],
                "A client that is newer than the server.",
                "Update the server, or do without the command.",
                Never,
            ),
            Self::HelloExpected => (
                &[],
                "A command before hello, or a second hello on one connection.",
                "Send hello first, and once.",
                Never,
            ),
            Self::VersionUnsupported => (
                &[],
                "A client that is much older or newer than the server.",
                "Update the client; a page is loaded again.",
                Never,
            ),
            Self::TokenInvalid => (
                &[401],
                "Another secret or key set than the server has, another issuer or audience, an algorithm that is not \
                 allowed, a service's key that was mistyped; or no token at all.",
                "Compare the settings of tokens on both sides. The log says which check failed.",
                NewToken,
            ),
            Self::TokenExpired => (
                &[401],
                "The token's `exp`, or the key's end, is over; or the clocks differ.",
                "Get a new token. A client refreshes it before it ends.",
                NewToken,
            ),
            Self::TokenRevoked => (
                &[401],
                "`caffis-chat revoke`, or `keys revoke` of a service's key.",
                "The person signs in again; a service gets another key.",
                NewToken,
            ),
            Self::Forbidden => (
                &[403],
                "The role in the room or the scope of the key does not allow it, two people are kept apart by a block, \
                 or the configuration owns what was to be changed.",
                "Ask somebody who may, or give the key the scope that docs/api.md names.",
                Never,
            ),
            Self::NotFound => (
                &[404],
                "An id that is wrong, a room that the caller is not in, or something that is gone. Both are said in the \
                 same words, so that nobody can search for rooms.",
                "Check the id, and who is asking.",
                Never,
            ),
            Self::Invalid => (
                &[422, 400, 405, 426],
                "A value that fits its type and makes no sense: a time in the past, a name with control characters, an \
                 address inside the network.",
                "Correct the value that the sentence names.",
                Never,
            ),
            Self::TextEmpty => {
                (&[422], "A message of nothing, or of blanks only.", "Write something.", Never)
            }
            Self::TextTooLong => (
                &[422],
                "More characters than the room allows; hello and docs/protocol.md name the limits.",
                "Shorten it, or send it in parts.",
                Never,
            ),
            Self::TextNotAllowed => (
                &[422],
                "Control characters, or overrides of the writing direction, with which words can be made to look like \
                 others.",
                "Take them out; line feeds and tabs may stay.",
                Never,
            ),
            Self::OutOfRange => (
                &[422],
                "A position or a number of a message that does not exist yet.",
                "Read the room's head first.",
                Never,
            ),
            Self::ClientIdReused => (
                &[409],
                "Two different commands with one id, mostly because of a constant or a bad source of randomness.",
                "Make a new id for each command, and keep it for sending the same again.",
                Never,
            ),
            Self::Expired => (
                &[409],
                "What was sent again is older than `resend_window`, for example from a device that was off for a week.",
                "Look at the room, let a person decide, and send it with a new id.",
                Never,
            ),
            Self::RateLimited => (
                &[429],
                "More commands, messages, connections or hellos in a second than the settings allow, of a person, a \
                 session or an address.",
                "Wait as long as the answer says. Behind a proxy, check `trusted_proxies`.",
                Later,
            ),
            Self::LimitReached => (
                &[409, 429],
                "One of the limits of docs/protocol.md: rooms, members, open rooms, connections, pins, reactions.",
                "Do with fewer, or raise the setting.",
                IfTold,
            ),
            Self::StorageFull => (
                &[503],
                "The disk of the data folder, or of the CQL servers, is full.",
                "Free space; the alert `CaffisDiskFilling` comes before. Nothing was written.",
                Later,
            ),
            Self::Unavailable => (
                &[503],
                "The store, another node or the owner of a room cannot be reached for a moment; or the server is ending.",
                "Send the same again with the same key. If it lasts, docs/runbook.md.",
                Later,
            ),
            Self::Internal => (
                &[500],
                "A fault of the server, or a row of the store that cannot be read.",
                "Look into the log of that moment, and report it.",
                IfTold,
            ),
            Self::RoomClass => (
                &[409],
                "A room of evidence is not edited, a context that exists has another class, a public room has no members.",
                "Do it in a room whose class allows it, or ask for the context with the class that it has.",
                Never,
            ),
            Self::LastAdmin => (
                &[409],
                "The last owner or admin of a group wants to leave, or is to be made less.",
                "Make somebody else an admin first.",
                Never,
            ),
            Self::TooLarge => (
                &[422, 413],
                "A frame or a body over the limit, or an answer that would be one.",
                "Send less, or ask for fewer.",
                Never,
            ),
            Self::Conflict => (
                &[409],
                "A sender that does not count its versions up; an endpoint whose name is taken, or that two people change \
                 at once.",
                "Read what is there, and send what is to be with the next version.",
                Never,
            ),
            Self::Outdated => (
                &[409],
                "What came late is older than what is known, for example two updates of one profile in the wrong order.",
                "Nothing: the newer one counts.",
                Never,
            ),
            Self::TooLate => (
                &[409],
                "A message is edited after five minutes, or deleted after its time.",
                "Write another message; who moderates may still delete.",
                Never,
            ),
            Self::Deleted => (
                &[409],
                "Somebody deleted the message meanwhile.",
                "Nothing: there is no such message any more.",
                Never,
            ),
            Self::AlreadyRead => (
                &[409],
                "An own message is to be deleted for everyone after somebody read it.",
                "Delete it for yourself, or ask who moderates.",
                Never,
            ),
            Self::NotAnEmoji => (
                &[422],
                "A reaction that is a word, several emoji, or half of one.",
                "React with one emoji of Unicode.",
                Never,
            ),
            Self::SlowMode => (
                &[429],
                "The room is in slow mode, and the person wrote in it less than its seconds ago.",
                "Wait as long as the answer says; the page counts down.",
                Later,
            ),
            Self::ReadOnly => (
                &[403],
                "The room is frozen, or for announcements only.",
                "Ask somebody who moderates, or wait until they open it.",
                Never,
            ),
            Self::InviteExpired => (
                &[409],
                "The time for which the link was made is over.",
                "Ask whoever sent it for another link.",
                Never,
            ),
            Self::InviteUsedUp => (
                &[409],
                "The link was made for a number of people, and so many have joined.",
                "Ask whoever sent it for another link.",
                Never,
            ),
            Self::InviteRevoked => (
                &[409],
                "Somebody who may invite ended the link, or whoever made it left the room or may invite nobody any more.",
                "Ask somebody in the room for another link.",
                Never,
            ),
            Self::Removed => (
                &[403],
                "Somebody removed the person from the room, who now tries to come back by an invite link.",
                "Ask somebody in the room who may add members.",
                Never,
            ),
            Self::NotAPoll => (
                &[422],
                "A vote, or a question about votes, names a message of another kind.",
                "Name the position of a poll.",
                Never,
            ),
            Self::PollClosed => (
                &[409],
                "Somebody closed the poll, or the time until which people vote is over.",
                "Nothing: the votes stay as they are.",
                Never,
            ),
            Self::Unknown(_) => return Self::Internal.explained(),
        };
        Explained { code: self.name(), meaning: self.meaning(), statuses, cause, cure, retry }
    }
}

impl ErrorCode {
    /// The status over HTTP of what did not happen, or 500 for what is not expected there; `later` if the answer
    /// names a time after which it may.
    #[must_use]
    pub const fn status(self, later: bool) -> u16 {
        match (self.explained().statuses, self) {
            (_, Self::LimitReached) if later => 429,
            ([first, ..], _) => *first,
            ([], _) => 500,
        }
    }
}

/// The codes that only the receiver of webhooks (`/api/chat/hooks/{source}`) answers with, beside those of the protocol.
pub const HOOK_CODES: &[Explained] = &[
    hook(
        ("unknown_source", 404),
        "There is no source of this name.",
        "The sender's address is wrong, or `hook_secrets` has nothing for the source.",
        "Correct the address, or add the source.",
    ),
    hook(
        ("unread", 400),
        "The body did not come whole.",
        "The connection broke.",
        "The sender sends it again by itself.",
    ),
    hook(
        ("header_invalid", 401),
        "A header of Standard Webhooks is missing or not good.",
        "The sender does not sign, or a proxy takes headers away.",
        "Sign as Standard Webhooks 1.0 says: `webhook-id`, `webhook-timestamp`, `webhook-signature`.",
    ),
    hook(
        ("signature_invalid", 401),
        "No secret of this source fits the signature.",
        "Another secret on one side, or a body that was changed after it was signed.",
        "Compare the sender's secret with `hook_secrets`, and sign the bytes that are sent.",
    ),
    hook(
        ("timestamp_outside_window", 401),
        "It was signed more than 5 minutes ago or ahead.",
        "Clocks that differ, or an attempt that was not signed anew.",
        "Set the clocks, and sign each attempt.",
    ),
    hook(
        ("unknown_kind", 400),
        "The server does not know this kind of event.",
        "A sender that is newer than the server, or a slip in `type`.",
        "Update the server, or correct the sender.",
    ),
    hook(
        ("data_invalid", 400),
        "The data is not what the kind's JSON Schema says.",
        "A field is missing, foreign, or of another type; a version is 0 or negative.",
        "Compare it with the schema at `/api/chat/schemas/hooks/v1/KIND.json`.",
    ),
    hook(
        ("kind_not_allowed", 403),
        "The source may not send events of this kind.",
        "`hook_kinds` does not list it for the source.",
        "Add it, if the source may.",
    ),
    hook(
        ("webhook_id_reused", 409),
        "The same `webhook-id` came before with another body.",
        "The sender does not give each event its own id.",
        "One id for each event, the same in each attempt.",
    ),
];

const fn hook(
    (code, status): (&'static str, u16),
    meaning: &'static str,
    cause: &'static str,
    cure: &'static str,
) -> Explained {
    let statuses: &'static [u16] = match status {
        400 => &[400],
        401 => &[401],
        403 => &[403],
        404 => &[404],
        _ => &[409],
    };
    Explained { code, meaning, statuses, cause, cure, retry: Retry::Never }
}

/// All codes: the protocol's, in their order, and those of webhooks.
pub fn all() -> impl Iterator<Item = Explained> {
    ErrorCode::ALL.iter().map(|code| code.explained()).chain(HOOK_CODES.iter().copied())
}
