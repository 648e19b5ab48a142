//! What a poll may be, and what votes do to it.

use caffis_schema::{
    Body, Error, ErrorCode, List, Text, Timestamp,
    limits::{POLL_DAYS, POLL_OPTIONS},
    polls::{PollBody, Tally},
    room::Message,
};
use serde::{Deserialize, Serialize};

use super::text;

/// The longest question, in characters.
const QUESTION_CHARS: u32 = 300;

/// The longest option, in characters.
const OPTION_CHARS: u32 = 100;

/// The fewest options.
const FEWEST_OPTIONS: usize = 2;

const DAY_MS: u64 = 86_400_000;

/// Which options somebody chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices(u16);

// Each option is a bit.
const _: () = assert!(POLL_OPTIONS <= u16::BITS as usize);

impl Choices {
    /// What somebody chooses in a poll; an option that is named twice counts once.
    ///
    /// # Errors
    /// `invalid` for an option that the poll does not have, and for several where one may be chosen.
    pub fn checked(choices: &[u8], poll: &PollBody) -> Result<Self, Error> {
        let mut chosen = 0_u16;
        for choice in choices {
            if usize::from(*choice) >= poll.options.len() {
                return invalid("This poll has no such option.");
            }
            chosen |= 1 << choice;
        }
        if chosen.count_ones() > 1 && !poll.multiple {
            return invalid("In this poll a person chooses one option.");
        }
        Ok(Self(chosen))
    }

    /// Whether nothing is chosen.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The options, counted from 0.
    #[must_use]
    pub fn options(self) -> List<u8, POLL_OPTIONS> {
        let chosen = (0..u16::BITS as u8).filter(|option| self.0 & (1 << option) != 0);
        List::cut(chosen.collect())
    }

    /// As a column has it.
    #[must_use]
    pub fn bits(self) -> u64 {
        u64::from(self.0)
    }

    /// From a column; none for what no poll has.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        u16::try_from(bits).ok().map(Self)
    }
}

/// A poll as it is kept.
///
/// # Errors
/// `invalid` for too few options and for two that are the same; why a text is not allowed.
pub fn checked(poll: &PollBody, most_chars: u32) -> Result<PollBody, Error> {
    let question = text::with_line_feeds(&Text::cut(poll.question.trim()));
    text::check_message(&question, most_chars.min(QUESTION_CHARS))?;
    let mut options: Vec<_> = Vec::with_capacity(poll.options.len());
    for option in &poll.options {
        let option = Text::cut(option.trim());
        text::check_message(&option, OPTION_CHARS)?;
        text::check_name(&option)?;
        if options.contains(&option) {
            return invalid("Two options of this poll are the same.");
        }
        options.push(option);
    }
    if options.len() < FEWEST_OPTIONS {
        return invalid("A poll has at least two options.");
    }
    Ok(PollBody { question, options: List::cut(options), ..poll.clone() })
}

/// Whether a message can be sent now: a poll that closes by itself does so later.
///
/// # Errors
/// `invalid`.
pub fn check_closing(body: &Body, now: Timestamp) -> Result<(), Error> {
    let Body::Poll(PollBody { closes: Some(closes), .. }) = body else { return Ok(()) };
    if *closes <= now {
        return invalid("The time at which this poll closes is past.");
    }
    if closes.since(now) > POLL_DAYS as u64 * DAY_MS {
        return invalid(&format!("A poll closes within {POLL_DAYS} days."));
    }
    Ok(())
}

/// What a poll says as a text: what is forwarded of it, without its votes.
#[must_use]
pub fn as_text(poll: &PollBody) -> String {
    let options = poll.options.iter().map(|option| format!("\n- {}", option.as_str()));
    poll.question.as_str().to_owned() + &options.collect::<String>()
}

/// The poll that a message is.
///
/// # Errors
/// `not_a_poll`.
pub fn of(message: &Message) -> Result<&PollBody, Error> {
    match &message.body {
        Body::Poll(poll) => Ok(poll),
        _ => Err(Error::refused(ErrorCode::NotAPoll, "This message is no poll.")),
    }
}

/// The error of a poll in which nobody votes any more.
#[must_use]
pub fn closed() -> Error {
    Error::refused(ErrorCode::PollClosed, "This poll is closed.")
}

/// What people have chosen once somebody chooses something else.
#[must_use]
pub fn moved(poll: &PollBody, tally: Option<&Tally>, before: Choices, after: Choices) -> Tally {
    let Tally { counts, voters, closed } = tally.cloned().unwrap_or_default();
    let mut counts = counts.into_vec();
    counts.resize(poll.options.len(), 0);
    for (option, count) in counts.iter_mut().enumerate() {
        let chosen = |choices: Choices| u32::from(choices.0 & (1 << option) != 0);
        *count = (*count + chosen(after)).saturating_sub(chosen(before));
    }
    let votes = |choices: Choices| u32::from(!choices.is_empty());
    let voters = (voters + votes(after)).saturating_sub(votes(before));
    Tally { counts: List::cut(counts), voters, closed }
}

fn invalid<T>(sentence: &str) -> Result<T, Error> {
    Err(Error::refused(ErrorCode::Invalid, sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(options: &[&str], multiple: bool) -> PollBody {
        PollBody {
            question: Text::cut("Where?"),
            options: List::cut(options.iter().map(|option| Text::cut(option)).collect()),
            multiple,
            anonymous: false,
            closes: None,
        }
    }

    fn refusal<T>(result: Result<T, Error>) -> ErrorCode {
        result.err().map_or(ErrorCode::Internal, |error| error.code)
    }

    #[test]
    fn a_poll_has_a_question_and_several_different_options() {
        let kept = checked(&poll(&[" Bar ", "Park"], false), 4_000).expect("good");
        assert_eq!(kept, poll(&["Bar", "Park"], false));
        for options in [&[][..], &["Bar"], &["Bar", " Bar"]] {
            assert_eq!(refusal(checked(&poll(options, false), 4_000)), ErrorCode::Invalid);
        }
        assert_eq!(refusal(checked(&poll(&["Bar", " "], false), 4_000)), ErrorCode::TextEmpty);
        let long = "x".repeat(101);
        assert_eq!(refusal(checked(&poll(&["Bar", &long], false), 4_000)), ErrorCode::TextTooLong);
        let asked = PollBody { question: Text::cut(&"x".repeat(301)), ..poll(&["a", "b"], true) };
        assert_eq!(refusal(checked(&asked, 4_000)), ErrorCode::TextTooLong);
    }

    #[test]
    fn votes_move_from_option_to_option() {
        let (one, many) = (poll(&["a", "b", "c"], false), poll(&["a", "b", "c"], true));
        let choose = |choices: &[u8], poll| Choices::checked(choices, poll);
        assert_eq!(refusal(choose(&[3], &one)), ErrorCode::Invalid);
        assert_eq!(refusal(choose(&[0, 2], &one)), ErrorCode::Invalid);
        let nothing = Choices::default();
        let two = choose(&[2, 0, 2], &many).expect("good");
        assert_eq!(*two.options(), [0, 2]);
        assert_eq!(Choices::from_bits(two.bits()), Some(two));
        let tally = moved(&many, None, nothing, two);
        assert_eq!((&*tally.counts, tally.voters), (&[1, 0, 1][..], 1));
        let other = choose(&[1, 2], &many).expect("good");
        let tally = moved(&many, Some(&tally), two, other);
        assert_eq!((&*tally.counts, tally.voters), (&[0, 1, 1][..], 1));
        let tally = moved(&many, Some(&tally), other, nothing);
        assert_eq!((&*tally.counts, tally.voters), (&[0, 0, 0][..], 0));
    }

    #[test]
    fn a_poll_closes_later_and_within_a_year() {
        let closes =
            |at| Body::Poll(PollBody { closes: Some(Timestamp(at)), ..poll(&["a"], true) });
        let now = Timestamp(1_000);
        assert!(check_closing(&closes(1_001), now).is_ok());
        assert_eq!(refusal(check_closing(&closes(1_000), now)), ErrorCode::Invalid);
        let late = 1_001 + 365 * DAY_MS;
        assert_eq!(refusal(check_closing(&closes(late), now)), ErrorCode::Invalid);
    }
}
