//! Webhooks to other services, as the command line asks for and shows them.

use std::fmt;

use caffis_core::{
    Core, Inquirer,
    model::{caller::Rights, webhooks::DeadLetterFilter},
};
use caffis_schema::{
    Error, Text, Timestamp, UserId,
    endpoints::{
        DEAD_LETTERS, DeadLetter, DeadLetterPage, EndpointState, EndpointStates,
        InspectedDeadLetter, Redriven,
    },
    hooks::values::Moment,
};

/// Whoever may connect to the control socket.
fn operator() -> Result<Inquirer, Error> {
    let user = UserId::new("service:operator")
        .map_err(|_| Error::refused(caffis_schema::ErrorCode::Internal, "No name."))?;
    let rights = Rights { manage_webhooks: true, ..Rights::default() };
    Ok(Inquirer { user, service: Some(rights) })
}

/// The endpoints.
///
/// # Errors
/// None but what keeps the operator from being known.
pub(super) async fn endpoints(core: &Core) -> Result<EndpointStates, Error> {
    core.endpoint_states(&operator()?).await
}

/// The oldest dead letters.
///
/// # Errors
/// As [`Core::dead_letters`].
pub(super) async fn list(
    core: &Core,
    endpoint: Option<&str>,
    after: Option<&str>,
) -> Result<DeadLetterPage, Error> {
    let most = u8::try_from(DEAD_LETTERS).unwrap_or(u8::MAX);
    core.dead_letters(&operator()?, endpoint, after, most).await
}

/// One of them.
///
/// # Errors
/// As [`Core::dead_letter`].
pub(super) async fn inspect(core: &Core, id: &str) -> Result<InspectedDeadLetter, Error> {
    core.dead_letter(&operator()?, id).await
}

/// Sends them again.
///
/// # Errors
/// As [`Core::redrive`].
pub(super) async fn redrive(core: &Core, which: &DeadLetterFilter) -> Result<Redriven, Error> {
    core.redrive(&operator()?, which).await
}

/// A time for people.
fn shown(time: Timestamp) -> String {
    // As in JSON, without the quotes.
    let text = serde_json::to_string(&Moment(time)).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

/// Endpoints as a table.
pub struct EndpointTable<'a>(pub &'a EndpointStates);

impl fmt::Display for EndpointTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24}{:>11}{:>9}{:>7}{:>11}{:>9}  {:<26}LAST FAILURE",
            "ENDPOINT", "DELIVERED", "FAILED", "DEAD", "IN FLIGHT", "WAITING", "WAITS SINCE"
        )?;
        for row in self.0.endpoints.iter() {
            let EndpointState { endpoint, delivered, failed, dead, in_flight, waiting, .. } = row;
            let oldest = row.oldest.map_or_else(|| "-".to_owned(), shown);
            let reason = row.reason.as_ref().map_or("-", |reason| reason.as_str());
            let broken = if row.broken { " (circuit open)" } else { "" };
            writeln!(
                f,
                "{:<24}{delivered:>11}{failed:>9}{dead:>7}{in_flight:>11}{waiting:>9}  {oldest:<26}{reason}{broken}",
                endpoint.as_str()
            )?;
        }
        silent(f, self.0.silent_shards)
    }
}

/// What is missing because nodes did not answer.
fn silent(f: &mut fmt::Formatter<'_>, shards: u32) -> fmt::Result {
    match shards {
        0 => Ok(()),
        _ => writeln!(f, "without {shards} shards, whose nodes did not answer: ask again"),
    }
}

/// Dead letters as a table; the first page has a head.
pub struct DeadLetterTable<'a> {
    /// The page.
    pub page: &'a DeadLetterPage,
    /// Whether it is the first one.
    pub first: bool,
}

impl fmt::Display for DeadLetterTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first {
            writeln!(f, "{:<26}{:<50}{:<22}{:>6}  REASON", "GIVEN UP", "ID", "KIND", "TRIED")?;
        }
        for DeadLetter { died, id, kind, attempts, reason, .. } in self.page.letters.iter() {
            let (id, kind, reason) = (id.as_str(), kind.as_str(), reason.as_str());
            writeln!(f, "{:<26}{id:<50}{kind:<22}{attempts:>6}  {reason}", shown(*died))?;
        }
        Ok(())
    }
}

/// A dead letter.
pub struct Inspected<'a>(pub &'a InspectedDeadLetter);

impl fmt::Display for Inspected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InspectedDeadLetter { letter, body } = self.0;
        let DeadLetter { id, endpoint, kind, died, attempts, reason, .. } = letter;
        let [id, endpoint, kind] = [id.as_str(), endpoint.as_str(), kind.as_str()];
        writeln!(f, "id        {id}\nendpoint  {endpoint}\nkind      {kind}")?;
        writeln!(f, "given up  {}, after {attempts} attempts", shown(*died))?;
        writeln!(f, "reason    {}\n", reason.as_str())?;
        let gone = "What happened is not kept any more: there is nothing to send.";
        writeln!(f, "{}", body.as_ref().map_or(gone, Text::as_str))
    }
}

/// What became of dead letters that were sent again.
pub struct RedriveResult<'a>(pub &'a Redriven);

impl fmt::Display for RedriveResult<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Redriven { delivered, gone, left, failed, silent_shards, .. } = self.0;
        writeln!(f, "{delivered} delivered, {left} left")?;
        if *gone > 0 {
            writeln!(f, "{gone} taken away: what happened is not kept any more")?;
        }
        for failed in failed.iter() {
            writeln!(f, "{} was not taken: {}", failed.id.as_str(), failed.reason.as_str())?;
        }
        silent(f, *silent_shards)
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{List, Position, RoomId};

    use super::*;

    #[test]
    fn lists_are_tables() {
        let endpoint = EndpointState {
            endpoint: Text::cut("push"),
            delivered: 12,
            failed: 3,
            dead: 1,
            in_flight: 0,
            waiting: 2,
            oldest: Some(Timestamp(1_764_158_400_000)),
            broken: true,
            reason: Some(Text::cut("503: busy")),
            settings: None,
        };
        let states = EndpointStates { endpoints: List::cut(vec![endpoint]), silent_shards: 7 };
        let text = EndpointTable(&states).to_string();
        for part in ["push", "2025-11-26T12:00:00Z", "503: busy (circuit open)", "without 7 shards"]
        {
            assert!(text.contains(part), "{text}");
        }
        let letter = DeadLetter {
            id: Text::cut("evt_0123456789abcdef_12_push"),
            endpoint: Text::cut("push"),
            kind: Text::cut("member.left"),
            room: RoomId::from_random(1),
            position: Position(12),
            died: Timestamp(1_764_158_400_000),
            attempts: 104,
            reason: Text::cut("500"),
        };
        let page = DeadLetterPage { letters: List::cut(vec![letter.clone()]), next: None };
        let text = DeadLetterTable { page: &page, first: true }.to_string();
        assert!(
            text.contains("evt_0123456789abcdef_12_push") && text.contains("104  500"),
            "{text}"
        );
        let inspected = InspectedDeadLetter { letter, body: Some(Text::cut("{}")) };
        let text = Inspected(&inspected).to_string();
        assert!(text.ends_with("\n\n{}\n"), "{text}");
    }
}
